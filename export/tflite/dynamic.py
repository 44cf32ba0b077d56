"""Layers with weights of eight bits between real values: LiteRT rounds what they are given, each time anew.

The scale and the zero point follow from the least value, the greatest, and zero. The rounding is XNNPACK's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from export.tflite.graph import Call, NotTranslated
from export.tflite.weights import stored

_LEVELS = 255


def convolution(
    call: Call, values: str, weights: npt.NDArray[Any], bias: npt.NDArray[Any], where: dict[str, Any]
) -> str:
    """The sums of weighted real values, [1, channels, …], by way of whole numbers."""
    if call.name == "FULLY_CONNECTED" and np.prod(call.input().shape) > weights.shape[1]:
        raise NotTranslated("FULLY_CONNECTED that rounds each of several rows by itself")
    graph, kernel = call.graph, call.input(1)
    numbers, step, zero = _rounded(call, values)
    whole, whole_zero = stored(kernel, weights)
    sums = graph.node(
        "ConvInteger", numbers, graph.constant(whole, np.uint8), zero, graph.constant(whole_zero, np.uint8), **where
    )
    scales = np.broadcast_to(kernel.scales, weights.shape[0]).reshape(-1, 1, 1)
    scaled = graph.node("Mul", graph.node("Mul", graph.cast(sums, np.float32), step), graph.constant(scales, np.float32))
    return graph.node("Add", scaled, graph.constant(bias.reshape(-1, 1, 1), np.float32))


def _rounded(call: Call, values: str) -> tuple[str, str, str]:
    """The values as uint8, the distance of two neighbouring ones, and the number that stands for zero."""
    graph = call.graph
    nothing, levels = graph.constant(0, np.float32), graph.constant(_LEVELS, np.float32)
    least = graph.node("Min", graph.node("ReduceMin", values, keepdims=0), nothing)
    greatest = graph.node("Max", graph.node("ReduceMax", values, keepdims=0), nothing)
    span = graph.node("Sub", greatest, least)
    # Where all is zero any scale does.
    steps = graph.node("Div", levels, graph.node("Max", span, graph.constant(np.finfo(np.float32).tiny, np.float32)))
    zero = graph.node("Round", graph.node("Neg", graph.node("Mul", least, steps)))
    numbers = graph.node("Add", graph.node("Round", graph.node("Mul", values, steps)), zero)
    numbers = graph.cast(graph.node("Clip", numbers, nothing, levels), np.uint8)
    return numbers, graph.node("Div", graph.constant(1, np.float32), steps), graph.cast(zero, np.uint8)
