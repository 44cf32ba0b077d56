"""The resizes that take any number of old pixels a side for each new one: area, and all that antialias.

Gathering all taps of all new pixels at once would be many times the picture. So the picture is resized row by row: a
Scan gathers the taps of one new row, casts and scales only them, and adds them up; then the same again with rows and
columns swapped. The memory is that of the new rows, [new_height, old_width, channels] floats.
"""

from __future__ import annotations

from collections.abc import Iterator

import onnx
from onnx import TensorProto, helper

from export.operations import DOMAIN
from export.resize.elementwise import steps_before
from export.resize.kernels import KERNELS
from export.resize.side import Side, flags, measure

OPERATIONS = ("ResizeArea", "ScaleAndTranslate")

# Taps and their weights are [most taps of any new pixel, new]; those that a pixel lacks have the weight 0.
FUNCTIONS = (
    # Every new pixel's first tap and those that follow it.
    """
    Window (first, most) => (pixels)
    {
        second_axis = Constant <value_ints = [1]> ()
        steps = tensorflow.Indices (most)
        steps_down = Unsqueeze (steps, second_axis)
        pixels = Add (first, steps_down)
    }
    """,
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
    # One new row [width * channels] from its taps [1, taps, width, channels], added in TensorFlow's order: a sum along
    # the first axis goes from row to row, where a matrix product would not.
    """
    WeightedSum (gathered, weights) => (row)
    {
        first_axis = Constant <value_ints = [0]> ()
        second_axis = Constant <value_ints = [1]> ()
        values = Cast <to = 1> (gathered)
        rows = Flatten <axis = 2> (values)
        factors = Unsqueeze (weights, second_axis)
        weighted_rows = Mul (rows, factors)
        row = ReduceSum <keepdims = 0> (weighted_rows, first_axis)
    }
    """,
    # New rows [new_height, old_width * channels] as [1, old_width, new_height, channels].
    """
    SwapSides (rows, image) => (swapped)
    {
        width_and_channels = Shape <start = 2, end = 4> (image)
        minus_one = Constant <value_ints = [-1]> ()
        first_axis = Constant <value_ints = [0]> ()
        shape = Concat <axis = 0> (minus_one, width_and_channels)
        columns = Reshape (rows, shape)
        turned = Transpose <perm = [1, 0, 2]> (columns)
        swapped = Unsqueeze (turned, first_axis)
    }
    """,
)


def expand(graph: onnx.GraphProto, resize: onnx.NodeProto) -> None:
    """Resize the rows and the columns of what the elementwise steps that lead to `resize` start from."""
    steps = steps_before(graph, resize)
    image = (steps or [resize])[0].input[0]
    rows, columns = Side.of(resize, "height"), Side.of(resize, "width")
    make = _area if resize.op_type == "ResizeArea" else _kernel
    nodes = [measure(image, resize.input[1], rows, columns), *make(resize, image, steps, rows, columns)]
    position = list(graph.node).index(resize)
    for node in reversed(nodes):
        graph.node.insert(position, node)
    for node in (*steps, resize):
        graph.node.remove(node)


def _area(
    resize: onnx.NodeProto, image: str, steps: list[onnx.NodeProto], rows: Side, columns: Side
) -> Iterator[onnx.NodeProto]:
    """Columns first, as TensorFlow does."""
    align_corners = flags(resize).get("align_corners", 0)
    for side in (rows, columns):
        taps = [side.taps, side.weights]
        yield helper.make_node("AreaTaps", [side.old, side.new], taps, domain=DOMAIN, align_corners=align_corners)
    lying, narrow, sums = (f"{resize.output[0]}/{name}" for name in ("lying", "narrow", "sums"))
    yield helper.make_node("Transpose", [image], [lying], perm=[0, 2, 1, 3])
    yield from _resize_rows(lying, columns, steps, narrow)
    yield from _resize_rows(narrow, rows, [], sums)
    lengths = [rows.old, rows.new, columns.old, columns.new]
    yield helper.make_node("AreaMean", [sums, *lengths], resize.output, domain=DOMAIN, align_corners=align_corners)


def _kernel(
    resize: onnx.NodeProto, image: str, steps: list[onnx.NodeProto], rows: Side, columns: Side
) -> Iterator[onnx.NodeProto]:
    """Rows first, as TensorFlow does."""
    yield from _kernel_taps(resize, rows, columns)
    (resized,) = resize.output
    yield from _resize_rows(image, rows, steps, f"{resized}/low")
    yield from _resize_rows(f"{resized}/low", columns, [], resized)


def _kernel_taps(resize: onnx.NodeProto, *sides: Side) -> Iterator[onnx.NodeProto]:
    kernel = next(attribute.s.decode() for attribute in resize.attribute if attribute.name == "kernel_type")
    for index, name in ((2, "scale"), (3, "translation")):
        parts = [f"{side.taps}/{name}" for side in sides]
        yield helper.make_node("Split", [resize.input[index]], parts, axis=0, num_outputs=2)
    for side in sides:
        distances, is_tap, values = (f"{side.taps}/{name}" for name in ("distances", "is_tap", "values"))
        yield helper.make_node(
            "KernelTaps",
            [side.old, side.new, f"{side.taps}/scale", f"{side.taps}/translation"],
            [side.taps, distances, is_tap],
            domain=DOMAIN,
            radius=KERNELS[kernel],
            antialias=flags(resize)["antialias"],
        )
        yield helper.make_node(kernel, [distances], [values], domain=DOMAIN)
        yield helper.make_node("Shares", [values, is_tap], [side.weights], domain=DOMAIN)


def _resize_rows(image: str, side: Side, steps: list[onnx.NodeProto], resized: str) -> list[onnx.NodeProto]:
    """The nodes that resize the rows of [1, height, width, channels], giving [1, width, new_height, channels]."""
    # Whoever renames the graph's values does not look inside the Scan, which therefore reads them by names of its own.
    read = dict.fromkeys((image, *(constant for step in steps for constant in step.input[1:])))
    names = {name: f"{side.taps}/read_{index}" for index, name in enumerate(read)}
    rows = f"{side.taps}/rows"
    scan = helper.make_node(
        "Scan",
        [side.taps, side.weights],
        [rows],
        num_scan_inputs=2,
        scan_input_axes=[1, 1],
        body=_row(side, names, image, steps),
    )
    return [
        *(helper.make_node("Identity", [name], [own_name]) for name, own_name in names.items()),
        scan,
        helper.make_node("SwapSides", [rows, image], [resized], domain=DOMAIN),
    ]


def _row(side: Side, names: dict[str, str], image: str, steps: list[onnx.NodeProto]) -> onnx.GraphProto:
    """One new row, float32 [width * channels], from its taps and their weights."""
    taps, weights, gathered, row = (f"{side.taps}/row_{value}" for value in ("taps", "weights", "gathered", "sum"))
    nodes = [helper.make_node("Gather", [names[image], taps], [gathered], axis=1)]
    for index, step in enumerate(steps):
        nodes.append(_copy(step, nodes[-1].output[0], names, f"{side.taps}/step_{index}"))
    nodes.append(helper.make_node("WeightedSum", [nodes[-1].output[0], weights], [row], domain=DOMAIN))
    inputs = [
        helper.make_tensor_value_info(taps, TensorProto.INT64, [None]),
        helper.make_tensor_value_info(weights, TensorProto.FLOAT, [None]),
    ]
    return helper.make_graph(nodes, "row", inputs, [helper.make_tensor_value_info(row, TensorProto.FLOAT, [None])])


def _copy(step: onnx.NodeProto, value: str, names: dict[str, str], result: str) -> onnx.NodeProto:
    """The step from one value to another, its constants renamed."""
    copy = onnx.NodeProto(op_type=step.op_type, attribute=step.attribute)
    copy.input.extend([value, *(names[constant] for constant in step.input[1:])])
    copy.output.append(result)
    return copy
