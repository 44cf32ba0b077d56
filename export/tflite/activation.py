"""The activations that other operations hold inside them."""

from __future__ import annotations

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from export.tflite.graph import Call, NotTranslated, scale, zero

_KINDS = schema.ActivationFunctionType
_LIMITS: dict[int, tuple[float, float]] = {
    _KINDS.NONE: (-np.inf, np.inf),
    _KINDS.RELU: (0, np.inf),
    _KINDS.RELU_N1_TO_1: (-1, 1),
    _KINDS.RELU6: (0, 6),
}


def fused(call: Call, values: str) -> str:
    """The values with the activation of the call's options behind them."""
    kind = getattr(call.options, "fusedActivationFunction", _KINDS.NONE)
    if kind not in _LIMITS:
        raise NotTranslated(f"{call.name} with another activation inside than ReLU")
    return clipped(call, values, *_LIMITS[kind])


def clipped(call: Call, values: str, low: float, high: float) -> str:
    """The values between two real numbers."""
    graph, output = call.graph, call.output
    if not output.is_quantised:
        bounds = [graph.constant(bound, np.float32) if np.isfinite(bound) else "" for bound in (low, high)]
        return graph.node("Clip", values, *bounds) if any(bounds) else values
    numbers = [int(np.clip(np.rint(np.float32(bound) / scale(output)) + zero(output), 0, 255)) for bound in (low, high)]
    if numbers == [0, 255]:
        return values
    return graph.node("Clip", values, *(graph.constant(number, np.uint8) for number in numbers))
