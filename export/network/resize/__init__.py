"""TensorFlow's resizes in ONNX, and OpenCV's, bit for bit.

ONNX's own `Resize` rounds differently, which moves scores wherever a model truncates the resized picture to whole
levels, and tf2onnx casts the whole picture to float before it. Here the old pixels that count for a new one, its
taps, are found as TensorFlow's kernels (tensorflow/core/kernels/image) find them, in float32, and gathered from the
picture as it is; only what was gathered is cast, scaled and added up, in the order of the kernels.
"""

from __future__ import annotations

import onnx

from export.network.operations import DOMAIN, inline
from export.network.resize import area, few_taps, opencv, opencv_area, rows, scale_and_translate, side
from export.network.resize.elementwise import Steps

_WRITE_OUT = {
    **dict.fromkeys(few_taps.OPERATIONS, few_taps.write_out),
    area.OPERATION: area.write_out,
    scale_and_translate.OPERATION: scale_and_translate.write_out,
    opencv.OPERATION: opencv.write_out,
}
OPERATIONS = tuple(_WRITE_OUT)

_FUNCTIONS = (
    *side.FUNCTIONS,
    *few_taps.FUNCTIONS,
    *rows.FUNCTIONS,
    *area.FUNCTIONS,
    *scale_and_translate.FUNCTIONS,
    *opencv.FUNCTIONS,
    *opencv_area.FUNCTIONS,
)


def expand_resizes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model with each of TensorFlow's resizes written out in ONNX's standard operations."""
    graph = model.graph
    for node in [node for node in graph.node if node.op_type in OPERATIONS and node.domain == DOMAIN]:
        _expand(graph, node)
    return inline(model, _FUNCTIONS)


def _expand(graph: onnx.GraphProto, resize: onnx.NodeProto) -> None:
    """Write `resize` out together with the elementwise steps that lead to it, which then see only what it gathers."""
    steps = Steps.before(graph, resize)
    image = (*steps.nodes, resize)[0].input[0]
    positions = [position for position, node in enumerate(graph.node) if node in (*steps.nodes, resize)]
    for node in reversed(_WRITE_OUT[resize.op_type](resize, image, steps)):
        graph.node.insert(positions[-1] + 1, node)
    for position in reversed(positions):
        del graph.node[position]
