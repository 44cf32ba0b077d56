"""Softmax. Of whole numbers LiteRT looks up each power, adds them in order, and rounds half up."""

from __future__ import annotations

import numpy as np

from export.tflite.graph import Call, scale, zero
from export.tflite.requantise import whole

_LEVELS = 256


def softmax(call: Call) -> None:
    """SOFTMAX, over the last dimension."""
    graph, values = call.graph, call.graph.plain(call.index(0))
    if call.input().is_quantised:
        call.give(_of_quantised(call, values))
    else:
        if call.options.beta != 1:
            values = graph.node("Mul", values, graph.constant(call.options.beta, np.float32))
        call.give(graph.node("Softmax", values, axis=-1))


def _of_quantised(call: Call, values: str) -> str:
    graph, given, output = call.graph, call.input(), call.output
    step = scale(given) * np.float32(call.options.beta)
    # float32 products, and powers as libm rounds them, whatever instructions NumPy has here.
    table = np.exp((-step * np.arange(_LEVELS, dtype=np.float32)).astype(np.float64))
    last, classes = graph.constant([-1], np.int64), given.shape[-1]
    numbers = graph.cast(values, np.int32)
    below = graph.node("Sub", graph.node("ReduceMax", numbers, last), numbers)
    powers = graph.node("Gather", graph.constant(table, np.float32), below)
    sums = graph.node("CumSum", powers, graph.constant(len(given.shape) - 1, np.int64))
    total = graph.node(
        "Slice", sums, graph.constant([classes - 1], np.int64), graph.constant([classes], np.int64), last
    )
    steps = graph.node("Mul", total, graph.constant(scale(output), np.float32))
    shares = graph.node("Mul", powers, graph.node("Div", graph.constant(1, np.float32), steps))
    rounded = graph.node("Floor", graph.node("Add", shares, graph.constant(0.5, np.float32)))
    return whole(graph, graph.node("Add", rounded, graph.constant(zero(output), np.float32)))
