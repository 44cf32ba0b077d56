"""Convolutions and fully connected layers: of whole numbers, of real ones, and of real ones with rounded weights.

Of whole numbers XNNPACK makes an int32 sum, multiplies it with one float32 (the scales of input and weights through
that of the output) and rounds half to even: QLinearConv does exactly that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from export.tflite import activation, dynamic
from export.tflite.graph import Call, NotTranslated, scale, zero
from export.tflite.weights import stored
from export.tflite.window import window

Array = npt.NDArray[Any]


def convolution(call: Call) -> None:
    """CONV_2D, with weights [out, height, width, in of a group]."""
    weights = call.constant(1).transpose(0, 3, 1, 2)
    _convolve(call, weights, call.input().shape[3] // weights.shape[1])


def depthwise_convolution(call: Call) -> None:
    """DEPTHWISE_CONV_2D, with weights [1, height, width, out]."""
    _convolve(call, call.constant(1).transpose(3, 0, 1, 2), call.input().shape[3])


def fully_connected(call: Call) -> None:
    """FULLY_CONNECTED, with weights [out, in]: a convolution of pictures of one pixel."""
    graph, weights = call.graph, call.constant(1)
    if call.options.weightsFormat != schema.FullyConnectedOptionsWeightsFormat.DEFAULT:
        raise NotTranslated("FULLY_CONNECTED with shuffled weights")
    rows = graph.reshape(graph.plain(call.index(0)), (-1, weights.shape[1], 1, 1))
    values = _weighted(call, rows, weights[:, :, np.newaxis, np.newaxis], {"kernel_shape": [1, 1]})
    call.give(activation.fused(call, graph.reshape(values, call.output.shape)))


def _convolve(call: Call, weights: Array, group: int) -> None:
    dilations = (call.options.dilationHFactor or 1, call.options.dilationWFactor or 1)
    where = window(call, weights.shape[2:], dilations) | {"dilations": dilations, "group": group}
    values = _weighted(call, call.graph.channels_first(call.index(0)), weights, where)
    call.give(activation.fused(call, values), channels_first=True)


def _weighted(call: Call, values: str, weights: Array, where: dict[str, Any]) -> str:
    """The sums of weighted values, [batch, out, …], and biases; weights: [out, in of a group, …]."""
    graph, input_tensor = call.graph, call.input()
    bias = call.constant(2) if call.index(2) >= 0 else np.zeros(weights.shape[0], np.int32)
    if input_tensor.is_quantised and call.output.is_quantised and bias.dtype == np.int32:
        return _of_quantised(call, values, weights, bias, where)
    if input_tensor.dtype != np.float32 or call.output.dtype != np.float32:
        raise NotTranslated(f"{call.name} of {input_tensor.dtype} with biases of {bias.dtype}")
    if call.input(1).is_quantised:
        return dynamic.convolution(call, values, weights, bias, where)
    return graph.node("Conv", values, graph.constant(weights, np.float32), graph.constant(bias, np.float32), **where)


def _of_quantised(call: Call, values: str, weights: Array, bias: Array, where: dict[str, Any]) -> str:
    graph, input_tensor, kernel, output = call.graph, call.input(), call.input(1), call.output
    whole, whole_zero = stored(kernel, weights)
    shape = kernel.scales.shape if kernel.scales.size > 1 else ()
    return graph.node(
        "QLinearConv",
        values,
        graph.constant(scale(input_tensor), np.float32),
        graph.constant(zero(input_tensor), np.uint8),
        graph.constant(whole, np.uint8),
        graph.constant(kernel.scales.reshape(shape), np.float32),
        graph.constant(np.full(shape, whole_zero), np.uint8),
        graph.constant(scale(output), np.float32),
        graph.constant(zero(output), np.uint8),
        graph.constant(bias, np.int32),
        **where,
    )
