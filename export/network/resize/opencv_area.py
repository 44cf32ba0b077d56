"""OpenCV's INTER_AREA for bytes: where both sides shrink, float32 sums of what a new pixel covers, else bilinear.

Sums are taken tap by tap for the whole picture, in a Scan, along the rows and then along the columns: there are few
taps, and a Scan of a row at a time would take longer than what it adds. Whole factors are sums of whole numbers, exact
in float32 up to 65,793 pixels, and are rounded half to even after all but 2 x 2, where halves go up.
"""

from __future__ import annotations

import onnx
from onnx import TensorProto, helper

from export.network.operations import DOMAIN
from export.network.resize.side import Side

FUNCTIONS = (
    """
    Shrinks (old_height, old_width, new_height, new_width) => (shrinks)
    {
        is_lower = LessOrEqual (new_height, old_height)
        is_narrower = LessOrEqual (new_width, old_width)
        both = And (is_lower, is_narrower)
        shrinks = Squeeze (both)
    }
    """,
    # Whether both factors are whole; what sums are then multiplied by, and what is added before they are rounded.
    """
    WholeFactors (old_height, old_width, new_height, new_width) => (is_whole, share, bias)
    {
        zero = Constant <value = float {0.0}> ()
        one = Constant <value = float {1.0}> ()
        four = Constant <value = float {4.0}> ()
        up = Constant <value = float {0.125}> ()
        row_scale, row_inverse = tensorflow.ExactScale (old_height, new_height)
        column_scale, column_inverse = tensorflow.ExactScale (old_width, new_width)
        row_whole = Round (row_scale)
        column_whole = Round (column_scale)
        are_rows_whole = Equal (row_scale, row_whole)
        are_columns_whole = Equal (column_scale, column_whole)
        is_whole = And (are_rows_whole, are_columns_whole)
        area_double = Mul (row_scale, column_scale)
        area = Cast <to = 1> (area_double)
        inverse = tensorflow.Inverse (area)
        share = Where (is_whole, inverse, one)
        is_square = Equal (row_scale, column_scale)
        is_four = Equal (area, four)
        is_two_square = And (is_square, is_four)
        is_two = And (is_two_square, is_whole)
        bias = Where (is_two, up, zero)
    }
    """,
    # The old pixels that a new one covers, [most, new], and their weights.
    """
    CoveredTaps (old, new, is_whole) => (taps, weights)
    {
        zero = Constant <value = double {0.0}> ()
        one = Constant <value = double {1.0}> ()
        two = Constant <value_int = 2> ()
        least = Constant <value = double {0.001}> ()
        scale, inverse = tensorflow.ExactScale (old, new)
        indices = tensorflow.ExactIndices (new)
        old_double = Cast <to = 11> (old)
        last = Sub (old_double, one)
        starts = Mul (indices, scale)
        ends = Add (starts, scale)
        left_over = Sub (old_double, starts)
        cells = Min (scale, left_over)
        end_ints = Cast <to = 7> (ends)
        end_floors = Cast <to = 11> (end_ints)
        finals = Min (end_floors, last)
        start_ceilings = tensorflow.ExactCeil (starts)
        firsts = Min (start_ceilings, finals)

        before = Sub (firsts, starts)
        has_before = Greater (before, least)
        before_share = Div (before, cells)
        before_weight = Where (has_before, before_share, zero)
        after = Sub (ends, finals)
        has_after = Greater (after, least)
        not_over_one = Min (after, one)
        not_over_cell = Min (not_over_one, cells)
        after_share = Div (not_over_cell, cells)
        after_weight = Where (has_after, after_share, zero)
        whole_weight = Div (one, cells)

        counts = Sub (finals, firsts)
        most_double = ReduceMax <keepdims = 0> (counts)
        most_int = Cast <to = 7> (most_double)
        most = Add (most_int, two)
        previous = Sub (firsts, one)
        previous_float = Cast <to = 1> (previous)
        pixels_float = tensorflow.Window (previous_float, most)
        pixels = Cast <to = 11> (pixels_float)
        is_first = Less (pixels, firsts)
        is_between = Less (pixels, finals)
        is_final = Equal (pixels, finals)
        last_weights = Where (is_final, after_weight, zero)
        later_weights = Where (is_between, whole_weight, last_weights)
        parts = Where (is_first, before_weight, later_weights)
        is_from = GreaterOrEqual (pixels, starts)
        is_until = Less (pixels, ends)
        is_covered = And (is_from, is_until)
        ones = Where (is_covered, one, zero)
        all_weights = Where (is_whole, ones, parts)
        weights = Cast <to = 1> (all_weights)
        taps = tensorflow.Within (pixels_float, old)
    }
    """,
    """
    ExactCeil (values) => (ceilings)
    {
        one = Constant <value = double {1.0}> ()
        integers = Cast <to = 7> (values)
        floors = Cast <to = 11> (integers)
        is_between = Less (floors, values)
        more = Add (floors, one)
        ceilings = Where (is_between, more, floors)
    }
    """,
    # [1, height, width, channels] as [width, height * channels].
    """
    Columns (image) => (columns)
    {
        turned = Transpose <perm = [0, 2, 1, 3]> (image)
        columns = Flatten <axis = 2> (turned)
    }
    """,
    # [width, height * channels] as [height, width * channels], for the channels of the image.
    """
    Rows (columns, image) => (rows)
    {
        minus_one = Constant <value_ints = [-1]> ()
        width = Shape <start = 0, end = 1> (columns)
        channels = Shape <start = 3, end = 4> (image)
        shape = Concat <axis = 0> (width, minus_one, channels)
        apart = Reshape (columns, shape)
        turned = Transpose <perm = [1, 0, 2]> (apart)
        rows = Flatten <axis = 1> (turned)
    }
    """,
    # Zeros for sums of so many rows as wide as those of the values.
    """
    Zeros (values, count) => (zeros)
    {
        zero = Constant <value = float {0.0}> ()
        width = Shape <start = 1, end = 2> (values)
        shape = Concat <axis = 0> (count, width)
        zeros = Expand (zero, shape)
    }
    """,
    """
    Levels (sums, share, bias, image) => (resized)
    {
        minus_one = Constant <value_ints = [-1]> ()
        one = Constant <value_ints = [1]> ()
        shares = Mul (sums, share)
        biased = Add (shares, bias)
        rounded = Round (biased)
        levels = Cast <to = 2> (rounded)
        height = Shape <start = 0, end = 1> (sums)
        channels = Shape <start = 3, end = 4> (image)
        shape = Concat <axis = 0> (one, height, minus_one, channels)
        resized = Reshape (levels, shape)
    }
    """,
)


def write_out(image: str, rows: Side, columns: Side, resized: str) -> list[onnx.NodeProto]:
    """The nodes that resize `image`, uint8 [1, height, width, channels], to `resized`."""
    shrinks, read = f"{resized}/shrinks", f"{resized}/read"
    sides = [rows.old, columns.old, rows.new, columns.new]
    shrunk, enlarged = f"{resized}/shrunk", f"{resized}/enlarged"
    return [
        helper.make_node("Identity", [image], [read]),
        _call("Shrinks", sides, [shrinks]),
        helper.make_node(
            "If",
            [shrinks],
            [resized],
            then_branch=_branch(_shrunk(read, rows, columns, sides, shrunk), shrunk),
            else_branch=_branch([_call("AreaEnlarged", [read, *sides], [enlarged])], enlarged),
        ),
    ]


def _shrunk(image: str, rows: Side, columns: Side, sides: list[str], shrunk: str) -> list[onnx.NodeProto]:
    is_whole, share, bias, by_column, by_row, narrow, sums = (
        f"{shrunk}/{name}" for name in ("is_whole", "share", "bias", "columns", "rows", "narrow", "sums")
    )
    return [
        _call("WholeFactors", sides, [is_whole, share, bias]),
        _call("CoveredTaps", [rows.old, rows.new, is_whole], [rows.taps, rows.weights]),
        _call("CoveredTaps", [columns.old, columns.new, is_whole], [columns.taps, columns.weights]),
        _call("Columns", [image], [by_column]),
        *_sums(by_column, columns, narrow),
        _call("Rows", [narrow, image], [by_row]),
        *_sums(by_row, rows, sums),
        _call("Levels", [sums, share, bias, image], [shrunk]),
    ]


def _sums(values: str, side: Side, sums: str) -> list[onnx.NodeProto]:
    """The weighted sums of rows of [old, n] that make [new, n], the taps of all new rows one after the other."""
    zeros, before, after, taps, weights, gathered, floats, axis, factors, weighted = (
        f"{sums}/{name}"
        for name in (
            "zeros", "before", "after", "taps", "weights", "gathered", "floats", "axis", "factors", "weighted",
        )
    )  # fmt: skip
    body = helper.make_graph(
        [
            helper.make_node("Gather", [values, taps], [gathered], axis=0),
            helper.make_node("Cast", [gathered], [floats], to=TensorProto.FLOAT),
            helper.make_node("Constant", [], [axis], value_ints=[1]),
            helper.make_node("Unsqueeze", [weights, axis], [factors]),
            helper.make_node("Mul", [floats, factors], [weighted]),
            helper.make_node("Add", [before, weighted], [after]),
        ],
        "tap",
        [
            helper.make_tensor_value_info(before, TensorProto.FLOAT, [None, None]),
            helper.make_tensor_value_info(taps, TensorProto.INT64, [None]),
            helper.make_tensor_value_info(weights, TensorProto.FLOAT, [None]),
        ],
        [helper.make_tensor_value_info(after, TensorProto.FLOAT, [None, None])],
    )
    return [
        _call("Zeros", [values, side.new], [zeros]),
        helper.make_node("Scan", [zeros, side.taps, side.weights], [sums], num_scan_inputs=2, body=body),
    ]


def _call(function: str, inputs: list[str], outputs: list[str]) -> onnx.NodeProto:
    return helper.make_node(function, inputs, outputs, domain=DOMAIN)


def _branch(nodes: list[onnx.NodeProto], result: str) -> onnx.GraphProto:
    output = helper.make_tensor_value_info(result, TensorProto.UINT8, [1, None, None, None])
    return helper.make_graph(nodes, result, [], [output])
