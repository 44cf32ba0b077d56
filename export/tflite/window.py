"""How the window of a convolution or a pool moves over a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from export.tflite.graph import Call


def window(call: Call, size: Sequence[int], dilations: Sequence[int] = (1, 1)) -> dict[str, Any]:
    """ONNX's attributes for a window of this size, (height, width), and the call's strides and padding."""
    strides = [call.options.strideH, call.options.strideW]
    missing = [0, 0]
    if call.options.padding == schema.Padding.SAME:
        missing = [
            max((-(-length // stride) - 1) * stride + (side - 1) * dilation + 1 - length, 0)
            for length, side, stride, dilation in zip(call.input().shape[1:3], size, strides, dilations)
        ]
    # An odd one is put behind.
    pads = [count // 2 for count in missing] + [count - count // 2 for count in missing]
    return {"kernel_shape": list(size), "strides": strides, "pads": pads}
