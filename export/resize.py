"""TensorFlow's bilinear resize in ONNX, bit for bit.

ONNX's own `Resize` rounds differently, which moves scores wherever a model truncates the resized picture to whole
levels, and tf2onnx casts the whole picture to float before it. Here the four neighbours of each new pixel are gathered
first, from the picture as it is; only they are cast, scaled and interpolated, in float32 and in the order of
TensorFlow's kernel (tensorflow/core/kernels/image/resize_bilinear_op.cc): the cost does not depend on the picture.
"""

from __future__ import annotations

import onnx
from onnx import helper

from export.operations import DOMAIN, inline

OPERATION = "ResizeBilinear"

# One function a step, in ONNX's text form; images are [1, height, width, channels], sizes int64 [1].
_FUNCTIONS = (
    """
    Neighbours <offset: float = 0.0, align_corners: int = 0> (image, size) => (neighbours, row_weights, column_weights)
    {
        size_int = Cast <to = 7> (size)
        new_height, new_width = Split <num_outputs = 2, axis = 0> (size_int)
        old_height = Shape <start = 1, end = 2> (image)
        old_width = Shape <start = 2, end = 3> (image)
        rows, row_fractions = tensorflow.Positions
            <offset: float = @offset, align_corners: int = @align_corners> (old_height, new_height)
        columns, column_fractions = tensorflow.Positions
            <offset: float = @offset, align_corners: int = @align_corners> (old_width, new_width)
        these_rows = Gather <axis = 1> (image, rows)
        neighbours = Gather <axis = 2> (these_rows, columns)
        row_axes = Constant <value_ints = [0, 2, 3]> ()
        row_weights = Unsqueeze (row_fractions, row_axes)
        column_axes = Constant <value_ints = [0, 1, 3]> ()
        column_weights = Unsqueeze (column_fractions, column_axes)
    }
    """,
    # Which old pixels lie before and after each new one (first all those before, then all those after), and how far
    # between them it lies. offset is 0.5 with half-pixel centres, else 0.
    """
    Positions <offset: float = 0.0, align_corners: int = 0> (old, new) => (neighbours, fractions)
    {
        zero = Constant <value_int = 0> ()
        one = Constant <value_int = 1> ()
        shift = Constant <value_float: float = @offset> ()
        count = Squeeze (new)
        old_count = Squeeze (old)
        align = Constant <value_int: int = @align_corners> ()
        is_several = Greater (count, one)
        several = Cast <to = 7> (is_several)
        lost = Mul (align, several)
        old_span = Sub (old_count, lost)
        new_span = Sub (count, lost)
        old_float = Cast <to = 1> (old_span)
        new_float = Cast <to = 1> (new_span)
        scale = Div (old_float, new_float)
        indices = Range (zero, count, one)
        indices_float = Cast <to = 1> (indices)
        centres = Add (indices_float, shift)
        scaled = Mul (centres, scale)
        positions = Sub (scaled, shift)
        floors = Floor (positions)
        fractions = Sub (positions, floors)
        ceilings = Ceil (positions)
        last = Sub (old_count, one)
        ceilings_int = Cast <to = 7> (ceilings)
        after = Min (ceilings_int, last)
        floors_int = Cast <to = 7> (floors)
        before = Max (floors_int, zero)
        neighbours = Concat <axis = 0> (before, after)
    }
    """,
    """
    Interpolate (neighbours, row_weights, column_weights) => (resized)
    {
        values = Cast <to = 1> (neighbours)
        left, right = Split <num_outputs = 2, axis = 2> (values)
        rightwards = Sub (right, left)
        part_rightwards = Mul (rightwards, column_weights)
        across = Add (left, part_rightwards)
        top, bottom = Split <num_outputs = 2, axis = 1> (across)
        downwards = Sub (bottom, top)
        part_downwards = Mul (downwards, row_weights)
        resized = Add (top, part_downwards)
    }
    """,
)
_ELEMENTWISE = frozenset(("Cast", "Mul", "Div", "Add", "Sub"))


def expand_resizes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model with each `tensorflow.ResizeBilinear` written out in ONNX's standard operations."""
    graph = model.graph
    for node in [node for node in graph.node if node.op_type == OPERATION and node.domain == DOMAIN]:
        _expand(graph, node)
    return inline(model, _FUNCTIONS)


def _expand(graph: onnx.GraphProto, resize: onnx.NodeProto) -> None:
    """Gather the neighbours before the elementwise steps that lead to `resize`, interpolate in its place."""
    attributes = {attribute.name: attribute.i for attribute in resize.attribute}
    size = resize.input[1]
    (resized,) = resize.output
    first = _first_elementwise(graph, resize)
    gathered = [f"{resized}/{name}" for name in ("neighbours", "row_weights", "column_weights")]
    gather = helper.make_node(
        "Neighbours",
        [first.input[0], size],
        gathered,
        domain=DOMAIN,
        offset=0.5 if attributes.get("half_pixel_centers") else 0.0,
        align_corners=attributes.get("align_corners", 0),
    )
    first.input[0] = gathered[0]
    neighbours = resize.input[0]
    resize.CopyFrom(helper.make_node("Interpolate", [neighbours, *gathered[1:]], [resized], domain=DOMAIN))
    graph.node.insert(list(graph.node).index(first), gather)


def _first_elementwise(graph: onnx.GraphProto, resize: onnx.NodeProto) -> onnx.NodeProto:
    """The first of the steps before `resize` that treat every value alike, so that they can follow a gather."""
    makers = {output: node for node in graph.node for output in node.output}
    readers = [name for node in graph.node for name in node.input] + [output.name for output in graph.output]
    scalars = {constant.name for constant in graph.initializer if not [size for size in constant.dims if size != 1]}
    first = resize
    while (
        (maker := makers.get(first.input[0]))
        and maker.op_type in _ELEMENTWISE
        and scalars.issuperset(maker.input[1:])
        and readers.count(maker.output[0]) == 1
    ):
        first = maker
    return first
