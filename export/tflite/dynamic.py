"""Layers with weights of eight bits between real values: LiteRT rounds what they are given, each time anew.

The scale and the zero point follow from the least value, the greatest, and zero: those of the picture, or, where
XNNPACK makes a product of matrices of the layer, those of each row by itself. The rounding is XNNPACK's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from export.tflite.graph import Call
from export.tflite.weights import stored

_LEVELS = 255


def convolution(
    call: Call, values: str, weights: npt.NDArray[Any], bias: npt.NDArray[Any], where: dict[str, Any]
) -> str:
    """The sums of weighted real values, [batch, channels, …], by way of whole numbers."""
    graph, kernel = call.graph, call.input(1)
    whole, whole_zero = stored(kernel, weights)
    axes = [1] if _is_product(call, where) else [1, 2, 3]
    numbers, step, zero = _rounded(call, values, axes)
    kept = graph.constant(whole, np.uint8), graph.constant(whole_zero, np.uint8)
    if axes == [1]:
        sums = graph.node("ConvInteger", numbers, kept[0], graph.constant(0, np.uint8), kept[1], **where)
        of_weights = graph.constant((whole.astype(np.int32) - whole_zero).sum((1, 2, 3)).reshape(-1, 1, 1), np.int32)
        sums = graph.node("Sub", sums, graph.node("Mul", graph.cast(zero, np.int32), of_weights))
    else:
        sums = graph.node(
            "ConvInteger", numbers, kept[0], graph.reshape(graph.cast(zero, np.uint8), ()), kept[1], **where
        )
    scales = np.broadcast_to(kernel.scales, weights.shape[0]).reshape(-1, 1, 1)
    scaled = graph.node(
        "Mul", graph.node("Mul", graph.cast(sums, np.float32), step), graph.constant(scales, np.float32)
    )
    return graph.node("Add", scaled, graph.constant(bias.reshape(-1, 1, 1), np.float32))


def _is_product(call: Call, where: dict[str, Any]) -> bool:
    """Whether each output hangs on one place of the input: a fully connected layer, or a convolution like one."""
    if call.name == "FULLY_CONNECTED":
        return True
    return call.name == "CONV_2D" and where["group"] == 1 and where["kernel_shape"] == where["strides"] == [1, 1]


def _rounded(call: Call, values: str, axes: list[int]) -> tuple[str, str, str]:
    """The values as uint8, the distance of two neighbouring ones, and the number that stands for zero, as float32."""
    graph, over = call.graph, call.graph.constant(axes, np.int64)
    nothing, levels = graph.constant(0, np.float32), graph.constant(_LEVELS, np.float32)
    least = graph.node("Min", graph.node("ReduceMin", values, over), nothing)
    greatest = graph.node("Max", graph.node("ReduceMax", values, over), nothing)
    # Where all is zero any scale does.
    span = graph.node("Max", graph.node("Sub", greatest, least), graph.constant(np.finfo(np.float32).tiny, np.float32))
    steps = graph.node("Div", levels, span)
    zero = graph.node("Round", graph.node("Neg", graph.node("Mul", least, steps)))
    numbers = graph.node("Add", graph.node("Round", graph.node("Mul", values, steps)), zero)
    numbers = graph.cast(graph.node("Clip", numbers, nothing, levels), np.uint8)
    return numbers, graph.node("Div", graph.constant(1, np.float32), steps), zero
