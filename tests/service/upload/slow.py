"""A network that is slow."""

from __future__ import annotations

from pathlib import Path

import numpy as np

SIDE = 600  # of the matrices that are multiplied


def slowed(model: Path, path: Path, steps: int) -> Path:
    """The model with a detour, written to the path: its scores are the same, and come many products late."""
    import onnx  # which is not there where DIGITS_MODEL is wanted
    from onnx.helper import make_node
    from onnx.numpy_helper import from_array

    found = onnx.load(model)
    graph = found.graph
    (maker,) = (node for node in graph.node if "scores" in node.output)
    maker.output[:] = ["soon"]
    graph.initializer.append(from_array(np.array([SIDE, SIDE], np.int64), "late_shape"))
    graph.initializer.append(from_array(np.array([0], np.float32), "late_zero"))
    graph.node.append(make_node("ReduceSum", ["soon"], ["late_sum"], keepdims=0))
    graph.node.append(make_node("Mul", ["late_sum", "late_zero"], ["late_nothing"]))
    graph.node.append(make_node("Expand", ["late_nothing", "late_shape"], ["late_0"]))
    for step in range(steps):
        graph.node.append(make_node("MatMul", [f"late_{step}"] * 2, [f"late_{step + 1}"]))
    graph.node.append(make_node("ReduceSum", [f"late_{steps}"], ["late_end"], keepdims=0))
    graph.node.append(make_node("Add", ["soon", "late_end"], ["scores"]))
    onnx.save(found, path)
    return path
