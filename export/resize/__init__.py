"""TensorFlow's resizes in ONNX, in TensorFlow's arithmetic.

ONNX's own `Resize` rounds differently, which moves scores wherever a model truncates the resized picture to whole
levels, and tf2onnx casts the whole picture to float before it. Here the old pixels that count for a new one, its
taps, are found as TensorFlow's kernels (tensorflow/core/kernels/image) find them, in float32, and gathered from the
picture as it is; only what was gathered is cast and scaled.
"""

from __future__ import annotations

import onnx

from export.operations import DOMAIN, inline
from export.resize import few_taps, kernels, many_taps, side

OPERATIONS = (*few_taps.OPERATIONS, *many_taps.OPERATIONS)

_FUNCTIONS = (*side.FUNCTIONS, *few_taps.FUNCTIONS, *kernels.FUNCTIONS, *many_taps.FUNCTIONS)


def expand_resizes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model with each of these operations of TensorFlow's written out in ONNX's standard ones."""
    graph = model.graph
    for node in [node for node in graph.node if node.op_type in OPERATIONS and node.domain == DOMAIN]:
        expand = few_taps.expand if node.op_type in few_taps.OPERATIONS else many_taps.expand
        expand(graph, node)
    return inline(model, _FUNCTIONS)
