"""From exact float32 to the whole numbers of an output."""

from __future__ import annotations

import numpy as np

from export.tflite.graph import Call, Graph, zero


def requantised(call: Call, values: str, factor: np.float32) -> str:
    """The values times a factor, rounded half to even, as the call's output counts them."""
    graph, middle = call.graph, zero(call.output)
    rounded = graph.node("Round", graph.node("Mul", values, graph.constant(factor, np.float32)))
    return whole(graph, graph.node("Add", rounded, graph.constant(middle, np.float32)))


def whole(graph: Graph, values: str) -> str:
    """Whole float32 as uint8, what is out of its range at its ends."""
    return graph.cast(
        graph.node("Clip", values, graph.constant(0, np.float32), graph.constant(255, np.float32)), np.uint8
    )
