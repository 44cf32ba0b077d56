"""The operations of an exported graph, counted: each costs time for every picture, on any machine."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import onnx
import pytest

from predictor.classifier import INPUT

PREPROCESSING = {  # of the digits example: a bilinear resize and a scale
    "Add": 4, "Cast": 15, "Ceil": 2, "Concat": 3, "Constant": 17, "Div": 2, "Floor": 2, "Gather": 4, "Greater": 2,
    "Max": 2, "Min": 4, "Mul": 7, "Range": 2, "Shape": 2, "Split": 4, "Squeeze": 3, "Sub": 12, "Transpose": 3,
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
