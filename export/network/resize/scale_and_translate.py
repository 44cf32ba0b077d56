"""ScaleAndTranslate, which is `tf.image.resize` with antialias and with the Lanczos, Gaussian and Mitchell kernels."""

from __future__ import annotations

import onnx
from onnx import helper

from export.network.operations import DOMAIN
from export.network.resize import kernels
from export.network.resize.elementwise import Steps
from export.network.resize.rows import resize_rows
from export.network.resize.side import Side, flags, measure

OPERATION = "ScaleAndTranslate"

FUNCTIONS = (
    *kernels.FUNCTIONS,
    # The old pixels within reach of a kernel of this radius, and how far from its centre they are, in its own units.
    """
    KernelTaps <radius: float = 1.0, antialias: int = 0> (old, new, scale, translation) => (taps, distances, is_tap)
    {
        zero = Constant <value_float = 0.0> ()
        half = Constant <value_float = 0.5> ()
        one = Constant <value_float = 1.0> ()
        two = Constant <value_float = 2.0> ()
        kernel_radius = Constant <value_float: float = @radius> ()
        antialias_int = Constant <value_int: int = @antialias> ()
        antialias_bool = Cast <to = 9> (antialias_int)
        old_float = Cast <to = 1> (old)
        last = Sub (old_float, one)

        inverse = tensorflow.Inverse (scale)
        negative = Neg (inverse)
        shift = Mul (negative, translation)
        widened = Max (inverse, one)
        kernel_scale = Where (antialias_bool, widened, one)
        radius = Mul (kernel_radius, kernel_scale)

        indices = tensorflow.Indices (new)
        centres = Add (indices, half)
        scaled = Mul (centres, inverse)
        samples = Add (scaled, shift)

        lowest = Sub (samples, radius)
        lowest_centre = Sub (lowest, half)
        lowest_pixel = Ceil (lowest_centre)
        not_before = Max (lowest_pixel, zero)
        first = Min (not_before, last)
        highest = Add (samples, radius)
        highest_centre = Sub (highest, half)
        highest_pixel = Floor (highest_centre)

        reach = Ceil (radius)
        both_sides = Mul (reach, two)
        with_middle = Add (both_sides, one)
        most = Min (with_middle, old_float)
        pixels = tensorflow.Window (first, most)
        not_past_first = Max (highest_pixel, zero)
        final = Min (not_past_first, last)
        is_reached = LessOrEqual (pixels, final)
        is_not_before = GreaterOrEqual (samples, zero)
        is_not_after = LessOrEqual (samples, old_float)
        is_inside = And (is_not_before, is_not_after)
        is_tap = And (is_reached, is_inside)

        pixel_centres = Add (pixels, half)
        from_sample = Sub (pixel_centres, samples)
        factor = tensorflow.Inverse (kernel_scale)
        signed_distances = Mul (from_sample, factor)
        distances = Abs (signed_distances)
        taps = tensorflow.Within (pixels, old)
    }
    """,
    # Weights whose sum is 1, or 0 where there is nothing to see.
    """
    Shares (values, is_tap) => (weights)
    {
        zero = Constant <value_float = 0.0> ()
        least_sum = Constant <value_float = 1.17549435e-35> ()
        first_axis = Constant <value_ints = [0]> ()
        kept = Where (is_tap, values, zero)
        sums = ReduceSum (kept, first_axis)
        magnitudes = Abs (sums)
        is_enough = GreaterOrEqual (magnitudes, least_sum)
        factors = tensorflow.Inverse (sums)
        shares = Mul (kept, factors)
        weights = Where (is_enough, shares, zero)
    }
    """,
)


def write_out(resize: onnx.NodeProto, image: str, steps: Steps) -> list[onnx.NodeProto]:
    """The nodes that weigh what each new pixel sees through the kernel, rows first as TensorFlow does."""
    rows, columns = Side.of(resize, "height"), Side.of(resize, "width")
    (resized,) = resize.output
    low = f"{resized}/low"
    return [
        measure(image, resize, rows, columns),
        _split(resize.input[2], rows.scale, columns.scale),
        _split(resize.input[3], rows.translation, columns.translation),
        *_find_taps(resize, rows),
        *_find_taps(resize, columns),
        *resize_rows(image, rows, steps, low),
        *resize_rows(low, columns, Steps(), resized),
    ]


def _split(pair: str, first: str, second: str) -> onnx.NodeProto:
    return helper.make_node("Split", [pair], [first, second], axis=0, num_outputs=2)


def _find_taps(resize: onnx.NodeProto, side: Side) -> list[onnx.NodeProto]:
    kernels_named = (attribute.s.decode() for attribute in resize.attribute if attribute.name == "kernel_type")
    kernel = next(kernels_named, "lanczos3")
    distances, is_tap, values = (f"{side.taps}/{name}" for name in ("distances", "is_tap", "values"))
    return [
        helper.make_node(
            "KernelTaps",
            [side.old, side.new, side.scale, side.translation],
            [side.taps, distances, is_tap],
            domain=DOMAIN,
            radius=kernels.RADII[kernel],
            antialias=flags(resize).get("antialias", 1),
        ),
        helper.make_node(kernel, [distances], [values], domain=DOMAIN),
        helper.make_node("Shares", [values, is_tap], [side.weights], domain=DOMAIN),
    ]
