"""A picture resized row by row, for the resizes that take any number of old pixels a side for each new one.

Gathering all taps of all new pixels at once would take many times the memory of the picture. A Scan gathers those of
one new row, casts and scales only them, and adds them up. Columns are resized as rows with the sides swapped.
"""

from __future__ import annotations

import onnx
from onnx import TensorProto, helper

from export.network.operations import DOMAIN
from export.network.resize.elementwise import Steps
from export.network.resize.side import Side

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


def resize_rows(image: str, side: Side, steps: Steps, resized: str) -> list[onnx.NodeProto]:
    """The nodes that resize the rows of [1, height, width, channels], giving [1, width, new_height, channels]."""
    # Whoever renames values or takes a part of the graph may not look inside the Scan. So it has names of its own, and
    # what it reads from outside is read by the node after it too.
    read, rows = f"{side.taps}/read", f"{side.taps}/rows"
    scan = helper.make_node(
        "Scan",
        [side.taps, side.weights],
        [rows],
        num_scan_inputs=2,
        scan_input_axes=[1, 1],
        body=_row(read, side, steps),
    )
    return [
        helper.make_node("Identity", [image], [read]),
        scan,
        helper.make_node("SwapSides", [rows, read], [resized], domain=DOMAIN),
    ]


def _row(image: str, side: Side, steps: Steps) -> onnx.GraphProto:
    """One new row, float32 [width * channels], from its taps and their weights."""
    taps, weights, gathered, row = (f"{side.taps}/row_{value}" for value in ("taps", "weights", "gathered", "sum"))
    names = {constant.name: f"{side.taps}/constant_{index}" for index, constant in enumerate(steps.constants)}
    nodes = [helper.make_node("Gather", [image, taps], [gathered], axis=1)]
    for index, step in enumerate(steps.nodes):
        nodes.append(_copy(step, nodes[-1].output[0], names, f"{side.taps}/step_{index}"))
    nodes += _weighted_sum(nodes[-1].output[0], weights, row)
    inputs = [
        helper.make_tensor_value_info(taps, TensorProto.INT64, [None]),
        helper.make_tensor_value_info(weights, TensorProto.FLOAT, [None]),
    ]
    outputs = [helper.make_tensor_value_info(row, TensorProto.FLOAT, [None])]
    body = helper.make_graph(nodes, "row", inputs, outputs, initializer=steps.constants)
    for constant in body.initializer:
        constant.name = names[constant.name]
    return body


def _weighted_sum(gathered: str, weights: str, row: str) -> list[onnx.NodeProto]:
    """The nodes that add up rows [1, taps, width, channels] in TensorFlow's order, which a matrix product would not."""
    first, second, floats, rows, factors, weighted = (
        f"{row}/{name}" for name in ("first_axis", "second_axis", "floats", "rows", "factors", "weighted")
    )
    return [
        helper.make_node("Constant", [], [first], value_ints=[0]),
        helper.make_node("Constant", [], [second], value_ints=[1]),
        helper.make_node("Cast", [gathered], [floats], to=TensorProto.FLOAT),
        helper.make_node("Flatten", [floats], [rows], axis=2),
        helper.make_node("Unsqueeze", [weights, second], [factors]),
        helper.make_node("Mul", [rows, factors], [weighted]),
        helper.make_node("ReduceSum", [weighted, first], [row], keepdims=0),
    ]


def _copy(step: onnx.NodeProto, value: str, names: dict[str, str], result: str) -> onnx.NodeProto:
    """The step from one value to another, its constants renamed."""
    copy = onnx.NodeProto(op_type=step.op_type, attribute=step.attribute)
    copy.input.extend([value, *(names[constant] for constant in step.input[1:])])
    copy.output.append(result)
    return copy
