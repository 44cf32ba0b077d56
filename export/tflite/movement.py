"""Operations that put numbers elsewhere and change none."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from export.tflite import measured
from export.tflite.alone import Alone
from export.tflite.graph import TO_CHANNELS_FIRST, Call, NotTranslated, held, held_as, scale, zero

_PLACES = (0, 2, 3, 1)
"""Where a dimension of [batch, height, width, channels] is in [batch, channels, height, width]."""


def reshape(call: Call) -> None:
    """RESHAPE, SQUEEZE and EXPAND_DIMS: the output's shape is known."""
    call.settled()
    call.give(call.graph.reshape(call.graph.plain(call.index(0)), call.output.shape))


def transpose(call: Call) -> None:
    """TRANSPOSE."""
    call.give(call.graph.node("Transpose", call.graph.plain(call.index(0)), perm=call.constant(1).tolist()))


def pad(call: Call) -> None:
    """PAD with what stands for zero, PADV2 with a constant."""
    graph, input_tensor, sides = call.graph, call.input(), call.constant(1)
    first = len(input_tensor.shape) == 4
    value = held(call.input(2)).reshape(()) if call.name == "PADV2" else zero(input_tensor)
    pads = (sides[list(TO_CHANNELS_FIRST)] if first else sides).T.reshape(-1)
    values = graph.channels_first(call.index(0)) if first else graph.plain(call.index(0))
    padded = graph.node("Pad", values, graph.constant(pads, np.int64), graph.constant(value, held_as(input_tensor)))
    call.give(padded, channels_first=first)


def mirror_pad(call: Call) -> None:
    """MIRROR_PAD."""
    sides = [tuple(side) for side in call.constant(1).tolist()]
    symmetric = call.options.mode == schema.MirrorPadMode.SYMMETRIC
    places = [
        np.pad(np.arange(size), side, "symmetric" if symmetric else "reflect")
        for size, side in zip(call.input().shape, sides)
    ]
    call.give(_taken(call, places))


def resize_nearest(call: Call) -> None:
    """RESIZE_NEAREST_NEIGHBOR: LiteRT is asked which rows and columns it takes, with a picture of their numbers."""
    batch, height, width, channels = call.input().shape
    call.settled()
    real = np.dtype(np.float32)
    picture = replace(call.input(), dtype=real, shape=(1, height, width, 1))
    ask = Alone(call.operation, [picture, call.input(1)], replace(call.output, dtype=real))
    rows, columns = (
        ask(grid[np.newaxis, ..., np.newaxis].astype(np.float32))[0, ..., 0].astype(np.int64)
        for grid in np.mgrid[:height, :width]
    )
    call.give(_taken(call, [np.arange(batch), rows[:, 0], columns[0], np.arange(channels)]))


def strided_slice(call: Call) -> None:
    """STRIDED_SLICE and SLICE: which places are taken is what NumPy takes."""
    if call.name == "SLICE":
        begin, size = call.constant(1), call.constant(2)
        slices = [slice(at, None if count < 0 else at + count) for at, count in zip(begin, size)]
    else:
        slices = _slices(call)
    places = [np.arange(size)[part] for size, part in zip(call.input().shape, slices)]
    call.give(call.graph.reshape(_taken(call, places), call.output.shape))


def _slices(call: Call) -> list[slice]:
    options = call.options
    if options.ellipsisMask or options.newAxisMask:
        raise NotTranslated("STRIDED_SLICE with an ellipsis or a new dimension")
    slices = []
    for axis, (begin, end, stride) in enumerate(zip(*(call.constant(place) for place in (1, 2, 3)))):
        if options.shrinkAxisMask >> axis & 1:
            slices.append(slice(begin, begin + 1 or None))
        else:
            slices.append(
                slice(
                    None if options.beginMask >> axis & 1 else begin,
                    None if options.endMask >> axis & 1 else end,
                    stride,
                )
            )
    return slices


def _taken(call: Call, places: list[npt.NDArray[Any]]) -> str:
    """The numbers at these places of each dimension; dimensions behind them are taken whole."""
    value = call.graph.plain(call.index(0))
    for axis, wanted in enumerate(places):
        if not np.array_equal(wanted, np.arange(call.input().shape[axis])):
            value = call.graph.node("Gather", value, call.graph.constant(wanted, np.int64), axis=axis)
    return value


def split(call: Call) -> None:
    """SPLIT, SPLIT_V and UNPACK: in parts of the outputs' sizes."""
    graph, outputs = call.graph, call.operation.outputs
    input_tensor = 1 if call.name == "SPLIT" else 0
    axis = _axis(call) % len(call.input(input_tensor).shape)
    call.settled()
    sizes = [1 if call.name == "UNPACK" else graph.tensors[index].shape[axis] for index in outputs]
    value = graph.plain(call.index(input_tensor))
    parts = graph.nodes_of("Split", len(outputs), value, graph.constant(sizes, np.int64), axis=axis)
    for index, part in zip(outputs, parts):
        graph.give(index, graph.reshape(part, graph.tensors[index].shape))


def _axis(call: Call) -> int:
    """Along which dimension is split."""
    if call.name == "UNPACK":
        return int(call.options.axis)
    return int(call.constant(0 if call.name == "SPLIT" else 2))


def pack(call: Call) -> None:
    """PACK: the inputs in a row along a new dimension."""
    graph, axis = call.graph, call.options.axis % len(call.output.shape)
    shape = (*call.output.shape[:axis], 1, *call.output.shape[axis + 1 :])
    values = [graph.reshape(graph.plain(call.index(place)), shape) for place in range(len(call.operation.inputs))]
    call.give(graph.node("Concat", *values, axis=axis))


def concatenation(call: Call) -> None:
    """CONCATENATION; what has another scale than the output is counted anew."""
    graph, output = call.graph, call.output
    count, rank = len(call.operation.inputs), len(output.shape)
    inputs = [call.input(place) for place in range(count)]
    first = rank == 4
    values = [graph.aligned(call.index(place), rank, first) for place in range(count)]
    if output.is_quantised and any((scale(t), zero(t)) != (scale(output), zero(output)) for t in inputs):
        options = copy(call.options)
        options.axis = 1
        tables = measured.of_several(replace(call.operation, options=options), inputs, output)
        values = [measured.looked_up(graph, table, value) for table, value in zip(tables, values)]
    axis = call.options.axis % rank
    call.give(graph.node("Concat", *values, axis=_PLACES[axis] if first else axis), channels_first=first)
