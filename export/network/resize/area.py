"""ResizeArea: each new pixel is the mean of the old ones that it covers."""

from __future__ import annotations

import onnx
from onnx import helper

from export.network.operations import DOMAIN
from export.network.resize.elementwise import Steps
from export.network.resize.rows import resize_rows
from export.network.resize.side import Side, find_scale, measure

OPERATION = "ResizeArea"

FUNCTIONS = (
    # The old pixels that a new one covers, in TensorFlow's arithmetic: where a side is long, it rounds.
    """
    AreaTaps (old, new, scale) => (taps, weights)
    {
        zero = Constant <value_float = 0.0> ()
        one = Constant <value_float = 1.0> ()
        starts = tensorflow.Scaled <offset = 0.0> (scale, new)
        ends = tensorflow.Scaled <offset = 1.0> (scale, new)
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
    AreaMean (sums, row_scale, column_scale) => (resized)
    {
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
    return [
        measure(image, resize, rows, columns),
        find_scale(rows, resize),
        find_scale(columns, resize),
        _find_taps(rows),
        _find_taps(columns),
        helper.make_node("Transpose", [image], [turned], perm=[0, 2, 1, 3]),
        *resize_rows(turned, columns, steps, narrow),
        *resize_rows(narrow, rows, Steps(), sums),
        helper.make_node("AreaMean", [sums, rows.scale, columns.scale], resize.output, domain=DOMAIN),
    ]


def _find_taps(side: Side) -> onnx.NodeProto:
    found = [side.taps, side.weights]
    return helper.make_node("AreaTaps", [side.old, side.new, side.scale], found, domain=DOMAIN)
