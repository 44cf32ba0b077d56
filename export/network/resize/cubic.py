"""The taps of a bicubic resize: four a side for each new pixel."""

from __future__ import annotations

# The tap before last, the last, the next and the one after it, each of all new pixels: [4 * new].
FUNCTIONS = (
    # Taps beyond the picture repeat its edge.
    """
    BicubicTaps <offset: float = 0.0, align_corners: int = 0> (old, new, scale) => (taps, weights)
    {
        sharpness = Constant <value = double {-0.75}> ()
        positions, weights = tensorflow.CubicWeights <offset: float = @offset> (scale, new, sharpness)
        taps = tensorflow.Within (positions, old)
    }
    """,
    # Taps beyond the picture count for nothing, and the others for more.
    """
    BicubicHalfPixelTaps <offset: float = 0.0, align_corners: int = 0> (old, new, scale) => (taps, weights)
    {
        sharpness = Constant <value = double {-0.5}> ()
        four = Constant <value_ints = [4]> ()
        positions, all_weights = tensorflow.CubicWeights <offset: float = @offset> (scale, new, sharpness)
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
    CubicWeights <offset: float = 0.0> (scale, new, sharpness) => (positions, weights)
    {
        one = Constant <value_float = 1.0> ()
        two = Constant <value_float = 2.0> ()
        entries = Constant <value_float = 1024.0> ()
        shift = Constant <value_float: float = @offset> ()
        scaled = tensorflow.Scaled <offset: float = @offset> (scale, new)
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
)
