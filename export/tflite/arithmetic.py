"""Operations on two values, number by number.

Of whole numbers ADD and SUB are fixed point in XNNPACK: factors of 21 bits, half added, shifted. MUL makes an int32,
multiplies it with one float32, and rounds half to even.
"""

from __future__ import annotations

import numpy as np

from export.tflite import activation, measured
from export.tflite.graph import Call, NotTranslated, scale, zero
from export.tflite.requantise import requantised

_BITS = 20
_HIGHEST = 255
_LEAST_TERM, _LEAST_PRODUCT, _MOST = 2.0**-10, 2.0**-16, 2.0**8
"""The factors that XNNPACK takes, from input to output."""
_OF_REAL = {
    "ADD": "Add",
    "SUB": "Sub",
    "MUL": "Mul",
    "DIV": "Div",
    "POW": "Pow",
    "MAXIMUM": "Max",
    "MINIMUM": "Min",
    "PRELU": "PRelu",
}

OPERATIONS = tuple(_OF_REAL)


def elementwise(call: Call) -> None:
    """An operation on two values of shapes that can be broadcast."""
    if call.output.is_quantised and measured.of_one_twice(call):
        return
    rank, indices = len(call.output.shape), (call.index(0), call.index(1))
    first = rank == 4 and any(call.graph.is_channels_first(index) for index in indices)
    left, right = (call.graph.aligned(index, rank, first) for index in indices)
    if call.output.is_quantised:
        values = _of_quantised(call, left, right)
    elif call.output.dtype == np.float32:
        values = activation.fused(call, call.graph.node(_OF_REAL[call.name], left, right))
    else:
        raise NotTranslated(f"{call.name} of {call.output.dtype}")
    call.give(values, channels_first=first)


def _of_quantised(call: Call, left: str, right: str) -> str:
    factors = [scale(call.input(place)) / scale(call.output) for place in (0, 1)]
    product = factors[0] * scale(call.input(1))
    if call.name == "MUL" and _LEAST_PRODUCT <= product < _MOST:
        return activation.fused(call, _product(call, left, right))
    if call.name in ("ADD", "SUB") and all(_LEAST_TERM <= factor < _MOST for factor in factors):
        return activation.fused(call, _sum(call, left, right))
    return measured.of_two(call, left, right)


def _product(call: Call, left: str, right: str) -> str:
    graph, one, other = call.graph, call.input(0), call.input(1)
    distances = [
        graph.node("Sub", graph.cast(value, np.float32), graph.constant(zero(tensor), np.float32))
        for value, tensor in ((left, one), (right, other))
    ]
    return requantised(call, graph.node("Mul", *distances), scale(one) * scale(other) / scale(call.output))


def _sum(call: Call, left: str, right: str) -> str:
    graph, inputs = call.graph, (call.input(0), call.input(1))
    exact = [scale(tensor) / scale(call.output) for tensor in inputs]
    bits = _BITS - (int(np.frexp(max(exact))[1]) - 1)
    factors = [int(np.rint(np.float64(factor) * 2.0**bits)) for factor in exact]
    if call.name == "SUB":
        factors[1] = -factors[1]
    half = 2 ** (bits - 1) - sum(factor * zero(tensor) for factor, tensor in zip(factors, inputs))
    least = half + sum(min(factor * _HIGHEST, 0) for factor in factors)
    # ONNX divides towards zero, so that what is divided must not be below it.
    lifted = max(0, -(least >> bits))
    added = half + (lifted << bits)
    greatest = added + sum(max(factor * _HIGHEST, 0) for factor in factors)
    dtype = np.int32 if max(greatest, abs(added)) < 2**31 else np.int64
    weighted = [
        graph.node("Mul", graph.cast(value, dtype), graph.constant(factor, dtype))
        for value, factor in zip((left, right), factors)
    ]
    total = graph.node("Add", graph.node("Add", *weighted), graph.constant(added, dtype))
    whole = graph.node("Div", total, graph.constant(2**bits, dtype))
    whole = graph.node("Add", whole, graph.constant(zero(call.output) - lifted, dtype))
    return graph.cast(graph.node("Clip", whole, graph.constant(0, dtype), graph.constant(_HIGHEST, dtype)), np.uint8)
