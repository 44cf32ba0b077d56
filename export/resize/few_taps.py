"""The resizes that take one, two or four old pixels a side for each new one: nearest, bilinear and bicubic.

All taps of all new pixels are gathered at once, [1, taps * new_height, taps * new_width, channels], and then combined
in the order of TensorFlow's kernel: the cost does not depend on the picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import onnx
from onnx import helper

from export.operations import DOMAIN
from export.resize.elementwise import steps_before
from export.resize.side import Side, flags, measure


@dataclass(frozen=True)
class _Method:
    """The functions that find the taps, without and with half-pixel centres, and the one that combines them."""

    taps: str
    half_pixel_taps: str
    combine: str


_METHODS = {
    "ResizeNearestNeighbor": _Method("NearestTaps", "NearestTaps", "CombineOne"),
    "ResizeBilinear": _Method("BilinearTaps", "BilinearTaps", "CombineTwo"),
    "ResizeBicubic": _Method("BicubicTaps", "BicubicHalfPixelTaps", "CombineFour"),
}
OPERATIONS = tuple(_METHODS)

# Images are [1, height, width, channels]. The taps of a side are int64 [taps * new]: the first tap of every new pixel,
# then the second of every one. offset is 0.5 with half-pixel centres, else 0.
FUNCTIONS = (
    # With aligned corners as C's roundf, which rounds halves up, else down.
    """
    NearestTaps <offset: float = 0.0, align_corners: int = 0> (old, new) => (taps, fractions)
    {
        half = Constant <value_float = 0.5> ()
        align = Constant <value_int: int = @align_corners> ()
        scaled = tensorflow.Scaled <offset: float = @offset, align_corners: int = @align_corners> (old, new)
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
    BilinearTaps <offset: float = 0.0, align_corners: int = 0> (old, new) => (taps, weights)
    {
        shift = Constant <value_float: float = @offset> ()
        scaled = tensorflow.Scaled <offset: float = @offset, align_corners: int = @align_corners> (old, new)
        positions = Sub (scaled, shift)
        floors = Floor (positions)
        weights = Sub (positions, floors)
        ceilings = Ceil (positions)
        both = Concat <axis = 0> (floors, ceilings)
        taps = tensorflow.Within (both, old)
    }
    """,
    # Taps beyond the picture repeat its edge.
    """
    BicubicTaps <offset: float = 0.0, align_corners: int = 0> (old, new) => (taps, weights)
    {
        sharpness = Constant <value = double {-0.75}> ()
        positions, weights = tensorflow.CubicWeights
            <offset: float = @offset, align_corners: int = @align_corners> (old, new, sharpness)
        taps = tensorflow.Within (positions, old)
    }
    """,
    # Taps beyond the picture count for nothing, and the others for more.
    """
    BicubicHalfPixelTaps <offset: float = 0.0, align_corners: int = 0> (old, new) => (taps, weights)
    {
        sharpness = Constant <value = double {-0.5}> ()
        four = Constant <value_ints = [4]> ()
        positions, all_weights = tensorflow.CubicWeights
            <offset: float = @offset, align_corners: int = @align_corners> (old, new, sharpness)
        taps = tensorflow.Within (positions, old)
        tap_positions = Cast <to = 1> (taps)
        is_within = Equal (tap_positions, positions)
        within = Cast <to = 1> (is_within)
        kept = Mul (all_weights, within)
        first, second, third, fourth = Split <num_outputs = 4, axis = 0> (kept)
        two = Add (first, second)
        three = Add (two, third)
        sums = Add (three, fourth)
        factors = tensorflow.Inverse (sums)
        four_factors = Tile (factors, four)
        weights = Mul (kept, four_factors)
    }
    """,
    # TensorFlow looks the weights up in a table with steps of a 1024th, which it makes in double precision.
    """
    CubicWeights <offset: float = 0.0, align_corners: int = 0> (old, new, sharpness) => (positions, weights)
    {
        one = Constant <value_float = 1.0> ()
        two = Constant <value_float = 2.0> ()
        entries = Constant <value_float = 1024.0> ()
        shift = Constant <value_float: float = @offset> ()
        scaled = tensorflow.Scaled <offset: float = @offset, align_corners: int = @align_corners> (old, new)
        places = Sub (scaled, shift)
        second = Floor (places)
        first = Sub (second, one)
        third = Add (second, one)
        fourth = Add (second, two)
        positions = Concat <axis = 0> (first, second, third, fourth)
        fractions = Sub (places, second)
        exact_entry = Mul (fractions, entries)
        entry = Round (exact_entry)
        distances = Div (entry, entries)
        rest = Sub (one, distances)
        inner_distances = Concat <axis = 0> (distances, rest)
        inner_weights = tensorflow.InnerCubic (inner_distances, sharpness)
        outer_weights = tensorflow.OuterCubic (inner_distances, sharpness)
        first_weights, fourth_weights = Split <num_outputs = 2, axis = 0> (outer_weights)
        weights = Concat <axis = 0> (first_weights, inner_weights, fourth_weights)
    }
    """,
    # ((a + 2) x - (a + 3)) x x + 1
    """
    InnerCubic (distances, a) => (weights)
    {
        one = Constant <value = double {1.0}> ()
        two = Constant <value = double {2.0}> ()
        three = Constant <value = double {3.0}> ()
        x = Cast <to = 11> (distances)
        a_2 = Add (a, two)
        a_3 = Add (a, three)
        cubic = Mul (a_2, x)
        square = Sub (cubic, a_3)
        square_x = Mul (square, x)
        square_x_x = Mul (square_x, x)
        exact = Add (square_x_x, one)
        weights = Cast <to = 1> (exact)
    }
    """,
    # ((a x - 5 a) x + 8 a) x - 4 a, of a distance that is one more
    """
    OuterCubic (distances, a) => (weights)
    {
        one = Constant <value = double {1.0}> ()
        four = Constant <value = double {4.0}> ()
        five = Constant <value = double {5.0}> ()
        eight = Constant <value = double {8.0}> ()
        inner = Cast <to = 11> (distances)
        x = Add (inner, one)
        a_4 = Mul (a, four)
        a_5 = Mul (a, five)
        a_8 = Mul (a, eight)
        cubic = Mul (a, x)
        square = Sub (cubic, a_5)
        square_x = Mul (square, x)
        linear = Add (square_x, a_8)
        linear_x = Mul (linear, x)
        exact = Sub (linear_x, a_4)
        weights = Cast <to = 1> (exact)
    }
    """,
    """
    GatherTaps (image, row_taps, column_taps) => (gathered)
    {
        rows = Gather <axis = 1> (image, row_taps)
        gathered = Gather <axis = 2> (rows, column_taps)
    }
    """,
    """
    CombineOne (gathered, row_weights, column_weights) => (resized)
    {
        resized = Identity (gathered)
    }
    """,
    # Along the picture's rows, then along its columns.
    """
    CombineTwo (gathered, row_weights, column_weights) => (resized)
    {
        values = Cast <to = 1> (gathered)
        row_factors, column_factors = tensorflow.Factors (row_weights, column_weights)
        left, right = Split <num_outputs = 2, axis = 2> (values)
        rightwards = Sub (right, left)
        part_rightwards = Mul (rightwards, column_factors)
        across = Add (left, part_rightwards)
        top, bottom = Split <num_outputs = 2, axis = 1> (across)
        downwards = Sub (bottom, top)
        part_downwards = Mul (downwards, row_factors)
        resized = Add (top, part_downwards)
    }
    """,
    # Along the picture's columns, then along its rows.
    """
    CombineFour (gathered, row_weights, column_weights) => (resized)
    {
        values = Cast <to = 1> (gathered)
        row_factors, column_factors = tensorflow.Factors (row_weights, column_weights)
        weighted_rows = Mul (values, row_factors)
        row_1, row_2, row_3, row_4 = Split <num_outputs = 4, axis = 1> (weighted_rows)
        rows_2 = Add (row_1, row_2)
        rows_3 = Add (rows_2, row_3)
        rows = Add (rows_3, row_4)
        weighted_columns = Mul (rows, column_factors)
        column_1, column_2, column_3, column_4 = Split <num_outputs = 4, axis = 2> (weighted_columns)
        columns_2 = Add (column_1, column_2)
        columns_3 = Add (columns_2, column_3)
        resized = Add (columns_3, column_4)
    }
    """,
    """
    Factors (row_weights, column_weights) => (row_factors, column_factors)
    {
        row_axes = Constant <value_ints = [0, 2, 3]> ()
        row_factors = Unsqueeze (row_weights, row_axes)
        column_axes = Constant <value_ints = [0, 1, 3]> ()
        column_factors = Unsqueeze (column_weights, column_axes)
    }
    """,
)


def expand(graph: onnx.GraphProto, resize: onnx.NodeProto) -> None:
    """Gather the taps before the elementwise steps that lead to `resize`, and combine them in its place."""
    first = next(iter(steps_before(graph, resize)), resize)
    image = first.input[0]
    rows, columns = Side.of(resize, "height"), Side.of(resize, "width")
    gathered = f"{resize.output[0]}/gathered"
    gather = helper.make_node("GatherTaps", [image, rows.taps, columns.taps], [gathered], domain=DOMAIN)
    nodes = [measure(image, resize.input[1], rows, columns), *_find_taps(resize, rows, columns), gather]
    first.input[0] = gathered
    combined = [resize.input[0], rows.weights, columns.weights]
    function = _METHODS[resize.op_type].combine
    resize.CopyFrom(helper.make_node(function, combined, resize.output, domain=DOMAIN))
    position = list(graph.node).index(first)
    for node in reversed(nodes):
        graph.node.insert(position, node)


def _find_taps(resize: onnx.NodeProto, *sides: Side) -> Iterator[onnx.NodeProto]:
    method, modes = _METHODS[resize.op_type], flags(resize)
    half_pixel_centers, align_corners = modes.get("half_pixel_centers", 0), modes.get("align_corners", 0)
    for side in sides:
        yield helper.make_node(
            method.half_pixel_taps if half_pixel_centers else method.taps,
            [side.old, side.new],
            [side.taps, side.weights],
            domain=DOMAIN,
            offset=0.5 if half_pixel_centers else 0.0,
            align_corners=align_corners,
        )
