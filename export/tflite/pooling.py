"""Operations that make one number of several of a channel: pools, and the mean, largest or least of dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from export.tflite import activation
from export.tflite.graph import Call, NotTranslated, scale, shift, zero
from export.tflite.requantise import whole
from export.tflite.window import window

_PLACES = (0, 2, 3, 1)
"""Where a dimension of [batch, height, width, channels] is in [batch, channels, height, width]."""
_REDUCTIONS = {"MEAN": "ReduceMean", "REDUCE_MAX": "ReduceMax", "REDUCE_MIN": "ReduceMin"}


def max_pool(call: Call) -> None:
    """MAX_POOL_2D."""
    _check_same_numbers(call)
    values = call.graph.node("MaxPool", call.graph.channels_first(call.index(0)), **_window(call))
    call.give(activation.fused(call, values), channels_first=True)


def average_pool(call: Call) -> None:
    """AVERAGE_POOL_2D; of whole numbers the sum by the count, half rounded away from zero."""
    graph, where = call.graph, _window(call)
    values = graph.channels_first(call.index(0))
    if call.output.is_quantised:
        _check_same_numbers(call)
        values = _divided(call, _sums(call, values, where), _counts(call, where))
    else:
        values = graph.node("AveragePool", values, **where)
    call.give(activation.fused(call, values), channels_first=True)


def reduction(call: Call) -> None:
    """MEAN, REDUCE_MAX and REDUCE_MIN over any dimensions."""
    graph, input_tensor = call.graph, call.input()
    axes = sorted({int(axis) % len(input_tensor.shape) for axis in np.atleast_1d(call.constant(1))})
    first = graph.is_channels_first(call.index(0)) and {1, 2} <= set(axes)
    values = graph.channels_first(call.index(0)) if first else graph.plain(call.index(0))
    places = graph.constant([_PLACES[axis] for axis in axes] if first else axes, np.int64)
    if call.name == "MEAN" and input_tensor.is_quantised:
        values = _mean(call, values, places, int(np.prod([input_tensor.shape[axis] for axis in axes])))
    else:
        _check_same_numbers(call)
        values = graph.node(_REDUCTIONS[call.name], values, places)
    if first and len(call.output.shape) == 4:
        call.give(values, channels_first=True)
    else:
        call.give(graph.reshape(values, call.output.shape))


def _mean(call: Call, values: str, places: str, count: int) -> str:
    """XNNPACK's mean: the sum times one float32, all that does not depend on the values added, rounded half to even."""
    graph, input_tensor, output = call.graph, call.input(), call.output
    sums = graph.node("ReduceSum", graph.cast(values, np.int32), places)
    sums = graph.cast(graph.node("Sub", sums, graph.constant(count * shift(input_tensor), np.int32)), np.float32)
    factor = scale(input_tensor) / scale(output) / np.float32(count)
    added = np.float32(output.zeros[0]) - np.float32(count * input_tensor.zeros[0]) * factor
    means = graph.node("Mul", sums, graph.constant(factor, np.float32))
    means = graph.node("Round", graph.node("Add", means, graph.constant(added, np.float32)))
    return whole(graph, graph.node("Add", means, graph.constant(shift(output), np.float32)))


def _check_same_numbers(call: Call) -> None:
    """Refuse what would have to be counted in other steps than before."""
    input_tensor, output = call.input(), call.output
    if input_tensor.is_quantised and (scale(input_tensor), zero(input_tensor)) != (scale(output), zero(output)):
        raise NotTranslated(f"{call.name} whose output has another scale than its input")
    if not input_tensor.is_quantised and input_tensor.dtype != np.float32:
        raise NotTranslated(f"{call.name} of {input_tensor.dtype}")


def _window(call: Call) -> dict[str, Any]:
    return window(call, (call.options.filterHeight, call.options.filterWidth))


def _sums(call: Call, values: str, where: dict[str, Any]) -> str:
    """The sums of all windows, int32, of the numbers as the network counts them."""
    graph, size = call.graph, int(np.prod(where["kernel_shape"]))
    # Where a window reaches out of the picture, it must find what counts as zero.
    distances = graph.node("Sub", graph.cast(values, np.float32), graph.constant(shift(call.input()), np.float32))
    means = graph.node("AveragePool", distances, **where, count_include_pad=1)
    sums = graph.node("Mul", means, graph.constant(size, np.float32))
    return graph.cast(graph.node("Round", sums), np.int32)


def _counts(call: Call, where: dict[str, Any]) -> npt.NDArray[np.int32]:
    """How many numbers of the picture each window covers, [height, width] or one for all."""
    _, height, width, _ = call.input().shape
    _, rows, columns, _ = call.output.shape
    per_axis = [
        [min(start + side, length) - max(start, 0) for start in np.arange(places) * stride - before]
        for length, places, side, stride, before in zip(
            (height, width), (rows, columns), where["kernel_shape"], where["strides"], where["pads"]
        )
    ]
    counts = np.multiply.outer(*(np.array(lengths, np.int32) for lengths in per_axis))
    return counts[:1, :1] if np.unique(counts).size == 1 else counts


def _divided(call: Call, sums: str, counts: npt.NDArray[np.int32]) -> str:
    graph = call.graph
    halves = graph.node("Mul", graph.node("Sign", sums), graph.constant(counts // 2, np.int32))
    whole = graph.node("Div", graph.node("Add", sums, halves), graph.constant(counts, np.int32))
    return graph.cast(graph.node("Add", whole, graph.constant(shift(call.input()), np.int32)), np.uint8)
