"""The resizes that take one, two or four old pixels a side for each new one: nearest, bilinear and bicubic.

All taps of all new pixels are gathered at once and combined in the order of TensorFlow's kernels: what is computed
does not depend on the picture. The rows are gathered first and turned into the innermost axis, so that onnxruntime
copies and weighs many values at a time, not the three of a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import onnx
from onnx import helper

from export.network.operations import DOMAIN
from export.network.resize import cubic
from export.network.resize.elementwise import Steps
from export.network.resize.side import Side, find_scale, flags, measure


@dataclass(frozen=True)
class _Method:
    """The functions that find the taps, without and with half-pixel centres, and that combine them."""

    taps: str
    half_pixel_taps: str
    combine: str


_METHODS = {
    "ResizeNearestNeighbor": _Method("NearestTaps", "NearestTaps", "CombineOne"),
    "ResizeBilinear": _Method("BilinearTaps", "BilinearTaps", "CombineTwo"),
    "ResizeBicubic": _Method("BicubicTaps", "BicubicHalfPixelTaps", "CombineFour"),
}
OPERATIONS = tuple(_METHODS)


def write_out(resize: onnx.NodeProto, image: str, steps: Steps) -> list[onnx.NodeProto]:
    """The nodes that gather the taps from `image`, take the elementwise steps with them, and combine them."""
    method, rows, columns = _METHODS[resize.op_type], Side.of(resize, "height"), Side.of(resize, "width")
    gathered, turned = f"{resize.output[0]}/gathered", f"{resize.output[0]}/turned"
    # What the first of the steps, or without any the resize itself, reads.
    (*steps.nodes, resize)[0].input[0] = gathered
    weighted = [resize.input[0], rows.weights, columns.weights]
    return [
        measure(image, resize, rows, columns),
        find_scale(rows, resize),
        find_scale(columns, resize),
        _find_taps(resize, rows),
        _find_taps(resize, columns),
        helper.make_node("GatherTaps", [image, rows.taps, columns.taps], [gathered], domain=DOMAIN),
        *steps.nodes,
        helper.make_node(method.combine, weighted, [turned], domain=DOMAIN),
        helper.make_node("Transpose", [turned], resize.output, perm=[0, 3, 1, 2]),
    ]


def _find_taps(resize: onnx.NodeProto, side: Side) -> onnx.NodeProto:
    method, modes = _METHODS[resize.op_type], flags(resize)
    is_half_pixel = modes.get("half_pixel_centers", 0)
    return helper.make_node(
        method.half_pixel_taps if is_half_pixel else method.taps,
        [side.old, side.new, side.scale],
        [side.taps, side.weights],
        domain=DOMAIN,
        offset=0.5 if is_half_pixel else 0.0,
        align_corners=modes.get("align_corners", 0),
    )


# Images are [1, height, width, channels]. What is gathered is [1, taps * new_width, channels, taps * new_height], and
# what is made of it [1, new_width, channels, new_height]. The taps of a side are int64 [taps * new]: the first tap of
# every new pixel, then the second of every one. offset is 0.5 with half-pixel centres, else 0.
FUNCTIONS = (
    *cubic.FUNCTIONS,
    # With aligned corners as C's roundf, which rounds halves up, else down.
    """
    NearestTaps <offset: float = 0.0, align_corners: int = 0> (old, new, scale) => (taps, fractions)
    {
        half = Constant <value_float = 0.5> ()
        align = Constant <value_int: int = @align_corners> ()
        scaled = tensorflow.Scaled <offset: float = @offset> (scale, new)
        floors = Floor (scaled)
        fractions = Sub (scaled, floors)
        is_upper = GreaterOrEqual (fractions, half)
        upper = Cast <to = 7> (is_upper)
        aligned = Mul (upper, align)
        floors_int = Cast <to = 7> (floors)
        positions = Add (floors_int, aligned)
        taps = tensorflow.Within (positions, old)
    }
    """,
    # The weight is that of the second of the two.
    """
    BilinearTaps <offset: float = 0.0, align_corners: int = 0> (old, new, scale) => (taps, weights)
    {
        shift = Constant <value_float: float = @offset> ()
        scaled = tensorflow.Scaled <offset: float = @offset> (scale, new)
        positions = Sub (scaled, shift)
        floors = Floor (positions)
        weights = Sub (positions, floors)
        ceilings = Ceil (positions)
        both = Concat <axis = 0> (floors, ceilings)
        taps = tensorflow.Within (both, old)
    }
    """,
    # An eighth of the rows at a time, which the processor's cache holds: of large pictures in half of the time.
    """
    GatherTaps (image, row_taps, column_taps) => (gathered)
    {
        parts = tensorflow.Eighths (row_taps)
        rows_1, rows_2, rows_3, rows_4, rows_5, rows_6, rows_7, rows_8 = Split <axis = 0> (row_taps, parts)
        part_1 = tensorflow.GatherPart (image, rows_1, column_taps)
        part_2 = tensorflow.GatherPart (image, rows_2, column_taps)
        part_3 = tensorflow.GatherPart (image, rows_3, column_taps)
        part_4 = tensorflow.GatherPart (image, rows_4, column_taps)
        part_5 = tensorflow.GatherPart (image, rows_5, column_taps)
        part_6 = tensorflow.GatherPart (image, rows_6, column_taps)
        part_7 = tensorflow.GatherPart (image, rows_7, column_taps)
        part_8 = tensorflow.GatherPart (image, rows_8, column_taps)
        gathered = Concat <axis = 3> (part_1, part_2, part_3, part_4, part_5, part_6, part_7, part_8)
    }
    """,
    # How many taps go into each part; the last takes what is left over.
    """
    Eighths (taps) => (parts)
    {
        seven = Constant <value_ints = [7]> ()
        eight = Constant <value_ints = [8]> ()
        count = Shape (taps)
        part = Div (count, eight)
        others = Mul (part, seven)
        last = Sub (count, others)
        equal_parts = Tile (part, seven)
        parts = Concat <axis = 0> (equal_parts, last)
    }
    """,
    """
    GatherPart (image, row_taps, column_taps) => (gathered)
    {
        rows = Gather <axis = 1> (image, row_taps)
        turned = Transpose <perm = [0, 2, 3, 1]> (rows)
        gathered = Gather <axis = 1> (turned, column_taps)
    }
    """,
    """
    CombineOne (gathered, row_weights, column_weights) => (resized)
    {
        resized = Identity (gathered)
    }
    """,
    # Along the picture's rows, then along its columns. Bytes are split, not floats: they are fewer.
    """
    CombineTwo (gathered, row_weights, column_weights) => (resized)
    {
        column_factors = tensorflow.ColumnFactors (column_weights)
        left_values, right_values = Split <num_outputs = 2, axis = 1> (gathered)
        left = Cast <to = 1> (left_values)
        right = Cast <to = 1> (right_values)
        rightwards = Sub (right, left)
        part_rightwards = Mul (rightwards, column_factors)
        across = Add (left, part_rightwards)
        top, bottom = Split <num_outputs = 2, axis = 3> (across)
        downwards = Sub (bottom, top)
        part_downwards = Mul (downwards, row_weights)
        resized = Add (top, part_downwards)
    }
    """,
    # Along the picture's columns, then along its rows.
    """
    CombineFour (gathered, row_weights, column_weights) => (resized)
    {
        column_factors = tensorflow.ColumnFactors (column_weights)
        values = Cast <to = 1> (gathered)
        weighted_rows = Mul (values, row_weights)
        row_1, row_2, row_3, row_4 = Split <num_outputs = 4, axis = 3> (weighted_rows)
        rows_2 = Add (row_1, row_2)
        rows_3 = Add (rows_2, row_3)
        rows = Add (rows_3, row_4)
        weighted_columns = Mul (rows, column_factors)
        column_1, column_2, column_3, column_4 = Split <num_outputs = 4, axis = 1> (weighted_columns)
        columns_2 = Add (column_1, column_2)
        columns_3 = Add (columns_2, column_3)
        resized = Add (columns_3, column_4)
    }
    """,
    # The rows' weights lie along the last axis as they are.
    """
    ColumnFactors (column_weights) => (column_factors)
    {
        axes = Constant <value_ints = [0, 2, 3]> ()
        column_factors = Unsqueeze (column_weights, axes)
    }
    """,
)
