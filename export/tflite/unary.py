"""Operations on one value: of eight bits they are measured, of real ones they are ONNX's."""

from __future__ import annotations

import numpy as np

from export.tflite import measured
from export.tflite.graph import Call, NotTranslated, scale, shift
from export.tflite.requantise import requantised

_OF_REAL = {
    "ABS": "Abs",
    "ELU": "Elu",
    "EXP": "Exp",
    "HARD_SWISH": "HardSwish",
    "LEAKY_RELU": "LeakyRelu",
    "LOG": "Log",
    "LOGISTIC": "Sigmoid",
    "NEG": "Neg",
    "RELU": "Relu",
    "SQRT": "Sqrt",
    "TANH": "Tanh",
}
_LIMITS = {"RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0), "RELU_0_TO_1": (0.0, 1.0)}

OPERATIONS = (*_OF_REAL, *_LIMITS, "GELU", "QUANTIZE", "DEQUANTIZE")


def unary(call: Call) -> None:
    """An operation on one value, number by number."""
    if call.input().is_quantised:
        measured.of_one(call)
    elif call.input().dtype != np.float32:
        raise NotTranslated(f"{call.name} of {call.input().dtype}")
    else:
        call.give_from(0, lambda value: _of_real(call, value))


def _of_real(call: Call, value: str) -> str:
    graph = call.graph
    if call.name == "QUANTIZE":
        if not call.output.is_quantised:
            raise NotTranslated(f"QUANTIZE to {call.output.dtype}")
        return requantised(call, value, np.float32(1) / scale(call.output))
    if call.name in _LIMITS:
        return graph.node("Clip", value, *(graph.constant(limit, np.float32) for limit in _LIMITS[call.name]))
    if call.name == "LEAKY_RELU":
        return graph.node("LeakyRelu", value, alpha=call.options.alpha)
    if call.name in _OF_REAL:
        return graph.node(_OF_REAL[call.name], value)
    raise NotTranslated(f"{call.name} of real values")


def cast(call: Call) -> None:
    """CAST, of numbers that are not quantised, as pixels may be."""
    given, output = call.input(), call.output
    if given.scales.size or output.scales.size or shift(given) or shift(output):
        raise NotTranslated(f"CAST from {given.dtype} to {output.dtype}")
    call.give_from(0, lambda value: call.graph.cast(value, output.dtype))
