"""The kernels of TensorFlow's ScaleAndTranslate (sampling_kernels.h): distances, from 0 on, to values."""

from __future__ import annotations

RADII = {
    "lanczos1": 1.0,
    "lanczos3": 3.0,
    "lanczos5": 5.0,
    "gaussian": 1.5,
    "box": 1.0,
    "triangle": 1.0,
    "keyscubic": 2.0,
    "mitchellcubic": 2.0,
}
"""The kernels that there are, and the distance beyond which the value of each is 0."""

FUNCTIONS = (
    """
    lanczos1 (x) => (y)
    {
        y = tensorflow.Lanczos <radius = 1.0> (x)
    }
    """,
    """
    lanczos3 (x) => (y)
    {
        y = tensorflow.Lanczos <radius = 3.0> (x)
    }
    """,
    """
    lanczos5 (x) => (y)
    {
        y = tensorflow.Lanczos <radius = 5.0> (x)
    }
    """,
    """
    Lanczos <radius: float = 1.0> (x) => (y)
    {
        zero = Constant <value_float = 0.0> ()
        one = Constant <value_float = 1.0> ()
        small = Constant <value_float = 0.001> ()
        pi = Constant <value_float = 3.14159265> ()
        radius = Constant <value_float: float = @radius> ()
        pi_x = Mul (pi, x)
        wave = tensorflow.Sine (pi_x)
        pi_x_radius = Div (pi_x, radius)
        window = tensorflow.Sine (pi_x_radius)
        radius_wave = Mul (radius, wave)
        waves = Mul (radius_wave, window)
        pi_squared = Mul (pi, pi)
        pi_squared_x = Mul (pi_squared, x)
        divisor = Mul (pi_squared_x, x)
        quotient = Div (waves, divisor)
        is_middle = LessOrEqual (x, small)
        within = Where (is_middle, one, quotient)
        is_beyond = Greater (x, radius)
        y = Where (is_beyond, zero, within)
    }
    """,
    # The sinf of glibc, which TensorFlow calls, for x from 0 to 120: onnxruntime's Sin differs in the last bit.
    """
    Sine (x) => (y)
    {
        half = Constant <value = double {0.5}> ()
        one = Constant <value = double {1.0}> ()
        minus_one = Constant <value = double {-1.0}> ()
        two = Constant <value = double {2.0}> ()
        four = Constant <value = double {4.0}> ()
        quarter_turn = Constant <value = double {1.5707963267948966}> ()
        quarters_a_radian = Constant <value = double {0.6366197723675814}> ()
        exact_x = Cast <to = 11> (x)
        exact_quarters = Mul (exact_x, quarters_a_radian)
        quarters_up = Add (exact_quarters, half)
        quarters = Floor (quarters_up)
        turned = Mul (quarters, quarter_turn)
        rest = Sub (exact_x, turned)
        square = Mul (rest, rest)
        sine = tensorflow.SineNearZero (rest, square)
        cosine = tensorflow.CosineNearZero (square)
        half_turn_rest = Mod <fmod = 1> (quarters, two)
        is_odd = GreaterOrEqual (half_turn_rest, one)
        unsigned = Where (is_odd, cosine, sine)
        turn_rest = Mod <fmod = 1> (quarters, four)
        is_lower = GreaterOrEqual (turn_rest, two)
        sign = Where (is_lower, minus_one, one)
        exact_y = Mul (unsigned, sign)
        y = Cast <to = 1> (exact_y)
    }
    """,
    """
    SineNearZero (x, x_2) => (y)
    {
        s_1 = Constant <value = double {-0.16666654943701084}> ()
        s_2 = Constant <value = double {0.008332178146138854}> ()
        s_3 = Constant <value = double {-0.00019517298981385725}> ()
        x_3 = Mul (x, x_2)
        x_5 = Mul (x_3, x_2)
        third = Mul (x_3, s_1)
        first = Add (x, third)
        seventh = Mul (x_2, s_3)
        fifth = Add (s_2, seventh)
        rest = Mul (x_5, fifth)
        y = Add (first, rest)
    }
    """,
    """
    CosineNearZero (x_2) => (y)
    {
        c_0 = Constant <value = double {1.0}> ()
        c_1 = Constant <value = double {-0.49999999725108224}> ()
        c_2 = Constant <value = double {0.041666623324344516}> ()
        c_3 = Constant <value = double {-0.001388676379437604}> ()
        c_4 = Constant <value = double {2.4390450703564542e-05}> ()
        x_4 = Mul (x_2, x_2)
        x_6 = Mul (x_4, x_2)
        second = Mul (x_2, c_1)
        two = Add (c_0, second)
        fourth = Mul (x_4, c_2)
        three = Add (two, fourth)
        eighth = Mul (x_2, c_4)
        sixth = Add (c_3, eighth)
        rest = Mul (x_6, sixth)
        y = Add (three, rest)
    }
    """,
    """
    gaussian (x) => (y)
    {
        zero = Constant <value_float = 0.0> ()
        radius = Constant <value_float = 1.5> ()
        inverse_of_two_variances = Constant <value = double {2.0}> ()
        square = Mul (x, x)
        exact_square = Cast <to = 11> (square)
        negative = Neg (exact_square)
        exponent = Mul (negative, inverse_of_two_variances)
        exact = Exp (exponent)
        within = Cast <to = 1> (exact)
        is_beyond = GreaterOrEqual (x, radius)
        y = Where (is_beyond, zero, within)
    }
    """,
    """
    box (x) => (y)
    {
        zero = Constant <value_float = 0.0> ()
        half = Constant <value_float = 0.5> ()
        one = Constant <value_float = 1.0> ()
        is_within = Less (x, half)
        is_edge = Equal (x, half)
        outside = Where (is_edge, half, zero)
        y = Where (is_within, one, outside)
    }
    """,
    """
    triangle (x) => (y)
    {
        zero = Constant <value_float = 0.0> ()
        one = Constant <value_float = 1.0> ()
        rest = Sub (one, x)
        y = Max (rest, zero)
    }
    """,
    """
    keyscubic (x) => (y)
    {
        inner = tensorflow.Cubic <a = 1.5, b = -2.5, c = 0.0, d = 1.0> (x)
        outer = tensorflow.Cubic <a = -0.5, b = 2.5, c = -4.0, d = 2.0> (x)
        y = tensorflow.Piecewise (x, inner, outer)
    }
    """,
    """
    mitchellcubic (x) => (y)
    {
        inner = tensorflow.Cubic <a = 1.16666667, b = -2.0, c = 0.0, d = 0.888888889> (x)
        outer = tensorflow.Cubic <a = -0.388888889, b = 2.0, c = -3.33333333, d = 1.77777778> (x)
        y = tensorflow.Piecewise (x, inner, outer)
    }
    """,
    # ((a x + b) x + c) x + d
    """
    Cubic <a: float = 0.0, b: float = 0.0, c: float = 0.0, d: float = 0.0> (x) => (y)
    {
        a = Constant <value_float: float = @a> ()
        b = Constant <value_float: float = @b> ()
        c = Constant <value_float: float = @c> ()
        d = Constant <value_float: float = @d> ()
        cubic = Mul (a, x)
        square = Add (cubic, b)
        square_x = Mul (square, x)
        linear = Add (square_x, c)
        linear_x = Mul (linear, x)
        y = Add (linear_x, d)
    }
    """,
    # The inner cubic up to 1, the outer up to 2.
    """
    Piecewise (x, inner, outer) => (y)
    {
        zero = Constant <value_float = 0.0> ()
        one = Constant <value_float = 1.0> ()
        two = Constant <value_float = 2.0> ()
        is_outer = GreaterOrEqual (x, one)
        near = Where (is_outer, outer, inner)
        is_beyond = GreaterOrEqual (x, two)
        y = Where (is_beyond, zero, near)
    }
    """,
)
