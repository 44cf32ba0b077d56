"""OpenCV's resizes of bytes: INTER_NEAREST and INTER_LINEAR of `cv2.resize`; INTER_AREA has a file of its own.

Weights are whole numbers of 2,048ths, and places are found in float64 (modules/imgproc/src/resize.cpp). Whole numbers
are never negative, so a division is a shift; sums along the rows are exact in float32, which is faster.
"""

from __future__ import annotations

import onnx
from onnx import helper

from export.errors import CannotConvert
from export.network.operations import DOMAIN
from export.network.resize import opencv_area as area
from export.network.resize.elementwise import Steps
from export.network.resize.side import Side, measure
from export.preprocessing.opencv import KERNELS

OPERATION = "PyFuncStateless"
"""The kernel's name in TensorFlow's graph: that of a call of `export.preprocessing.opencv`."""

FUNCTIONS = (
    # How many old pixels make a new one: 1 / (new / old).
    """
    ExactScale (old, new) => (scale, inverse)
    {
        minus_one = Constant <value = double {-1.0}> ()
        old_double = Cast <to = 11> (old)
        new_double = Cast <to = 11> (new)
        inverse = Div (new_double, old_double)
        negative = Div (minus_one, inverse)
        scale = Neg (negative)
    }
    """,
    # 0, 1, ... as doubles.
    """
    ExactIndices (count) => (indices)
    {
        floats = tensorflow.Indices (count)
        indices = Cast <to = 11> (floats)
    }
    """,
    """
    NearestOf (old, new) => (taps)
    {
        scale, inverse = tensorflow.ExactScale (old, new)
        indices = tensorflow.ExactIndices (new)
        scaled = Mul (indices, scale)
        taps = tensorflow.Within (scaled, old)
    }
    """,
    # Between pixels' centres.
    """
    LinearPlaces (old, new) => (floors, fractions)
    {
        half = Constant <value = double {0.5}> ()
        scale, inverse = tensorflow.ExactScale (old, new)
        indices = tensorflow.ExactIndices (new)
        centres = Add (indices, half)
        scaled = Mul (centres, scale)
        exact = Sub (scaled, half)
        positions = Cast <to = 1> (exact)
        floors = Floor (positions)
        fractions = Sub (positions, floors)
    }
    """,
    # Where a side grows: weights of the pixels that a new one covers.
    """
    CoveredPlaces (old, new) => (floors, fractions)
    {
        zero = Constant <value = float {0.0}> ()
        one = Constant <value = double {1.0}> ()
        scale, inverse = tensorflow.ExactScale (old, new)
        indices = tensorflow.ExactIndices (new)
        starts = Mul (indices, scale)
        starts_int = Cast <to = 7> (starts)
        floors = Cast <to = 1> (starts_int)
        floors_double = Cast <to = 11> (starts_int)
        next = Add (indices, one)
        next_floors = Add (floors_double, one)
        borders = Mul (next_floors, inverse)
        beyond = Sub (next, borders)
        reaches = Cast <to = 1> (beyond)
        reach_floors = Floor (reaches)
        parts = Sub (reaches, reach_floors)
        is_none = LessOrEqual (reaches, zero)
        fractions = Where (is_none, zero, parts)
    }
    """,
    # The two taps of each new pixel, behind each other, and their weights, int32.
    """
    FixedTaps (floors, fractions, old) => (taps, first_weights, second_weights)
    {
        one = Constant <value = float {1.0}> ()
        bits = Constant <value = float {2048.0}> ()
        others = Add (floors, one)
        both = Concat <axis = 0> (floors, others)
        taps = tensorflow.Within (both, old)
        rests = Sub (one, fractions)
        first_scaled = Mul (rests, bits)
        first_rounded = Round (first_scaled)
        first_weights = Cast <to = 6> (first_rounded)
        second_scaled = Mul (fractions, bits)
        second_rounded = Round (second_scaled)
        second_weights = Cast <to = 6> (second_rounded)
    }
    """,
    # Of columns, not of rows, a place beyond the borders is moved onto them, and has the weight of one pixel.
    """
    OnSide (floors, fractions, old) => (kept_floors, kept_fractions)
    {
        zero = Constant <value = float {0.0}> ()
        one = Constant <value = float {1.0}> ()
        old_float = Cast <to = 1> (old)
        last = Sub (old_float, one)
        is_before = Less (floors, zero)
        is_last = GreaterOrEqual (floors, last)
        is_beyond = Or (is_before, is_last)
        not_after = Min (floors, last)
        kept_floors = Max (not_after, zero)
        kept_fractions = Where (is_beyond, zero, fractions)
    }
    """,
    # Sums along the rows in 11 bits, along the columns in 7 of them and 11 more less 16.
    """
    CombineFixed (gathered, top_weights, bottom_weights, left_weights, right_weights) => (turned)
    {
        axes = Constant <value_ints = [0, 2, 3]> ()
        sixteenth = Constant <value = float {0.0625}> ()
        bits = Constant <value = uint32 {16}> ()
        two = Constant <value = float {2.0}> ()
        quarter = Constant <value = float {0.25}> ()
        left_int = Unsqueeze (left_weights, axes)
        left_float = Cast <to = 1> (left_int)
        left_factors = Mul (left_float, sixteenth)
        right_int = Unsqueeze (right_weights, axes)
        right_float = Cast <to = 1> (right_int)
        right_factors = Mul (right_float, sixteenth)
        left_values, right_values = Split <num_outputs = 2, axis = 1> (gathered)
        left = Cast <to = 1> (left_values)
        right = Cast <to = 1> (right_values)
        left_part = Mul (left, left_factors)
        right_part = Mul (right, right_factors)
        across = Add (left_part, right_part)
        shortened = Cast <to = 6> (across)
        top, bottom = Split <num_outputs = 2, axis = 3> (shortened)
        top_product = Mul (top, top_weights)
        bottom_product = Mul (bottom, bottom_weights)
        top_unsigned = Cast <to = 12> (top_product)
        bottom_unsigned = Cast <to = 12> (bottom_product)
        top_shifted = BitShift <direction = "RIGHT"> (top_unsigned, bits)
        bottom_shifted = BitShift <direction = "RIGHT"> (bottom_unsigned, bits)
        top_part = Cast <to = 1> (top_shifted)
        bottom_part = Cast <to = 1> (bottom_shifted)
        quarters = Add (top_part, bottom_part)
        rounded = Add (quarters, two)
        levels = Mul (rounded, quarter)
        turned = Cast <to = 2> (levels)
    }
    """,
    """
    FixedLinear (image, row_floors, row_fractions, column_floors, column_fractions, old_height, old_width) => (resized)
    {
        kept_floors, kept_fractions = tensorflow.OnSide (column_floors, column_fractions, old_width)
        rows, top_weights, bottom_weights = tensorflow.FixedTaps (row_floors, row_fractions, old_height)
        columns, left_weights, right_weights = tensorflow.FixedTaps (kept_floors, kept_fractions, old_width)
        gathered = tensorflow.GatherTaps (image, rows, columns)
        turned = tensorflow.CombineFixed (gathered, top_weights, bottom_weights, left_weights, right_weights)
        resized = Transpose <perm = [0, 3, 1, 2]> (turned)
    }
    """,
    """
    CvLinear (image, old_height, old_width, new_height, new_width) => (resized)
    {
        rows, downs = tensorflow.LinearPlaces (old_height, new_height)
        columns, acrosses = tensorflow.LinearPlaces (old_width, new_width)
        resized = tensorflow.FixedLinear (image, rows, downs, columns, acrosses, old_height, old_width)
    }
    """,
    """
    CvNearest (image, old_height, old_width, new_height, new_width) => (resized)
    {
        rows = tensorflow.NearestOf (old_height, new_height)
        columns = tensorflow.NearestOf (old_width, new_width)
        gathered = tensorflow.GatherTaps (image, rows, columns)
        resized = Transpose <perm = [0, 3, 1, 2]> (gathered)
    }
    """,
    """
    AreaEnlarged (image, old_height, old_width, new_height, new_width) => (resized)
    {
        rows, downs = tensorflow.CoveredPlaces (old_height, new_height)
        kept_rows, kept_downs = tensorflow.OnSide (rows, downs, old_height)
        columns, acrosses = tensorflow.CoveredPlaces (old_width, new_width)
        resized = tensorflow.FixedLinear (image, kept_rows, kept_downs, columns, acrosses, old_height, old_width)
    }
    """,
)

_FUNCTIONS_OF = {"cv2-linear": "CvLinear", "cv2-nearest": "CvNearest"}


def write_out(resize: onnx.NodeProto, image: str, steps: Steps) -> list[onnx.NodeProto]:
    """The nodes that do as the kernel that the call names; CannotConvert for a call of something else."""
    kernel = KERNELS.get(next(value.s.decode() for value in resize.attribute if value.name == "token"))
    if kernel is None:
        raise CannotConvert(f"The graph calls Python code ({resize.name}), which ONNX cannot hold. Build it without.")
    rows, columns = Side.of(resize, "height"), Side.of(resize, "width")
    sides = [rows.old, columns.old, rows.new, columns.new]
    found = measure(image, resize, rows, columns)
    if kernel in _FUNCTIONS_OF:
        return [found, helper.make_node(_FUNCTIONS_OF[kernel], [image, *sides], resize.output, domain=DOMAIN)]
    return [found, *area.write_out(image, rows, columns, resize.output[0])]
