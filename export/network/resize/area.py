"""ResizeArea: each new pixel is the mean of the old ones that it covers."""

from __future__ import annotations

import onnx
from onnx import helper

from export.network.operations import DOMAIN
from export.network.resize.elementwise import Steps
from export.network.resize.rows import resize_rows
from export.network.resize.side import Side, flags, measure

OPERATION = "ResizeArea"

FUNCTIONS = (
    # The old pixels that a new one covers, in TensorFlow's arithmetic: where a side is long, it rounds.
    """
    AreaTaps <align_corners: int = 0> (old, new) => (taps, weights)
    {
        zero = Constant <value_float = 0.0> ()
        one = Constant <value_float = 1.0> ()
        scale = tensorflow.Scale <align_corners: int = @align_corners> (old, new)
        starts = tensorflow.Scaled <offset = 0.0, align_corners: int = @align_corners> (old, new)
        ends = tensorflow.Scaled <offset = 1.0, align_corners: int = @align_corners> (old, new)
        first = Floor (starts)
        past = Ceil (ends)
        counts = Sub (past, first)
        most = ReduceMax <keepdims = 0> (counts)
        pixels = tensorflow.Window (first, most)
        pixel_ends = Add (pixels, one)
        begins_before = Less (pixels, starts)
        ends_after = Greater (pixel_ends, ends)
        after_start = Sub (pixel_ends, starts)
        before_end = Sub (ends, pixels)
        weight_of_first = Where (ends_after, scale, after_start)
        weight_of_others = Where (ends_after, before_end, one)
        covered = Where (begins_before, weight_of_first, weight_of_others)
        is_tap = Less (pixels, past)
        weights = Where (is_tap, covered, zero)
        taps = tensorflow.Within (pixels, old)
    }
    """,
    """
    AreaMean <align_corners: int = 0> (sums, old_height, new_height, old_width, new_width) => (resized)
    {
        row_scale = tensorflow.Scale <align_corners: int = @align_corners> (old_height, new_height)
        column_scale = tensorflow.Scale <align_corners: int = @align_corners> (old_width, new_width)
        area = Mul (row_scale, column_scale)
        factor = tensorflow.Inverse (area)
        means = Mul (sums, factor)
        resized = Transpose <perm = [0, 2, 1, 3]> (means)
    }
    """,
)


def write_out(resize: onnx.NodeProto, image: str, steps: Steps) -> list[onnx.NodeProto]:
    """The nodes that add up what each new pixel covers, columns first as TensorFlow does, and divide by its area."""
    rows, columns = Side.of(resize, "height"), Side.of(resize, "width")
    turned, narrow, sums = (f"{resize.output[0]}/{name}" for name in ("turned", "narrow", "sums"))
    align_corners = flags(resize).get("align_corners", 0)
    return [
        measure(image, resize, rows, columns),
        _find_taps(rows, align_corners),
        _find_taps(columns, align_corners),
        helper.make_node("Transpose", [image], [turned], perm=[0, 2, 1, 3]),
        *resize_rows(turned, columns, steps, narrow),
        *resize_rows(narrow, rows, Steps(), sums),
        helper.make_node(
            "AreaMean",
            [sums, rows.old, rows.new, columns.old, columns.new],
            resize.output,
            domain=DOMAIN,
            align_corners=align_corners,
        ),
    ]


def _find_taps(side: Side, align_corners: int) -> onnx.NodeProto:
    found = [side.taps, side.weights]
    return helper.make_node("AreaTaps", [side.old, side.new], found, domain=DOMAIN, align_corners=align_corners)
