"""The example with another end, made without the package that writes ONNX files, which is not installed here.

https://onnx.ai/onnx/repo-docs/IR.html and https://protobuf.dev/programming-guides/encoding/: a file is one message, and
of messages one behind the other the parts are merged, lists by appending.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

GRAPH, NODE = 7, 1  # the numbers of ModelProto.graph and GraphProto.node
INPUT, OUTPUT, OPERATION = 1, 2, 4  # of NodeProto's fields


def _field(number: int, data: bytes) -> bytes:
    assert len(data) < 128  # so that the length is one byte
    return bytes([number << 3 | 2, len(data)]) + data


def _node(operation: str, source: str, result: str) -> bytes:
    parts = {INPUT: source, OUTPUT: result, OPERATION: operation}
    return b"".join(_field(number, text.encode()) for number, text in parts.items())


def with_ending(model: Path, operations: Sequence[str], path: Path) -> Path:
    """Write the model with operations of one argument behind its scores."""
    output = _field(OUTPUT, b"scores")
    data = model.read_bytes()
    assert data.count(output) == 1
    data = data.replace(output, _field(OUTPUT, b"shares"))
    names = ["shares", *(f"step {number}" for number in range(1, len(operations))), "scores"]
    nodes = [_node(*one) for one in zip(operations, names, names[1:])]
    path.write_bytes(data + b"".join(_field(GRAPH, _field(NODE, node)) for node in nodes))
    return path


def with_independent_labels(model: Path, path: Path) -> Path:
    """Write the model as one that says of each label by itself whether a picture has it; several scores are high."""
    said, instead = b'"activation": "softmax"', b'"activation": "sigmoid"'
    with_ending(model, ["Sqrt"] * 5, path)
    data = path.read_bytes()
    assert data.count(said) == 1
    path.write_bytes(data.replace(said, instead))
    return path
