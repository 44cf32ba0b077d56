"""The operations of an exported graph, counted: each costs time for every picture, on any machine."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import onnx
import pytest

from predictor.classifier import INPUT

PREPROCESSING = {  # of the digits example: a bilinear resize and a scale
    "Add": 4, "Cast": 13, "Ceil": 2, "Concat": 4, "Constant": 15, "Div": 3, "Floor": 2, "Gather": 16, "Max": 2,
    "Min": 2, "Mul": 6, "Range": 2, "Shape": 3, "Split": 4, "Squeeze": 3, "Sub": 9, "Tile": 1, "Transpose": 9,
    "Unsqueeze": 3,
}  # fmt: skip
NETWORK = {"Conv": 3, "Gemm": 1, "MaxPool": 3, "Relu": 3, "Reshape": 2, "Softmax": 1, "Transpose": 2}


@pytest.fixture(scope="module")
def graph(digits_model: Path) -> onnx.GraphProto:
    return onnx.load(digits_model).graph


def test_operations(graph: onnx.GraphProto) -> None:
    """The graph has these operations and no others: BatchNorm is in the convolutions, nothing is scaled twice."""
    assert Counter(node.op_type for node in graph.node) == Counter(PREPROCESSING) + Counter(NETWORK)


def test_pixels_stay_bytes_until_gathered(graph: onnx.GraphProto) -> None:
    """The whole picture is given another shape, measured, and gathered from; nothing computes with all of it."""
    seen, picture = set(), {INPUT}
    for node in graph.node:
        if picture.intersection(node.input):
            seen.add(node.op_type)
            if node.op_type == "Unsqueeze":
                picture.update(node.output)
    assert seen == {"Unsqueeze", "Shape", "Gather"}
