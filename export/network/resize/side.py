"""One side of a picture, its height or its width, before and after a resize; both are int64 [1]."""

from __future__ import annotations

from dataclasses import dataclass, fields

import onnx
from onnx import helper

from export.network.operations import DOMAIN


@dataclass(frozen=True)
class Side:
    """The names of what is known of a side: its lengths, the taps of its new pixels, their weights; how it is moved."""

    old: str
    new: str
    taps: str
    weights: str
    scale: str
    translation: str

    @classmethod
    def of(cls, resize: onnx.NodeProto, side: str) -> Side:
        """The names for the `side` of what this node resizes."""
        return cls(*(f"{resize.output[0]}/{side}_{field.name}" for field in fields(cls)))


def measure(image: str, resize: onnx.NodeProto, rows: Side, columns: Side) -> onnx.NodeProto:
    """The node that finds the lengths of both sides."""
    lengths = [rows.old, columns.old, rows.new, columns.new]
    return helper.make_node("Sides", [image, resize.input[1]], lengths, domain=DOMAIN)


def find_scale(side: Side, resize: onnx.NodeProto) -> onnx.NodeProto:
    """The node that finds how many old pixels make a new one."""
    function = "AlignedScale" if flags(resize).get("align_corners") else "Scale"
    return helper.make_node(function, [side.old, side.new], [side.scale], domain=DOMAIN)


def flags(resize: onnx.NodeProto) -> dict[str, int]:
    """The attributes of a resize that are true or false; those that an old graph lacks are not there."""
    return {attribute.name: attribute.i for attribute in resize.attribute}


FUNCTIONS = (
    """
    Sides (image, size) => (old_height, old_width, new_height, new_width)
    {
        old_height = Shape <start = 1, end = 2> (image)
        old_width = Shape <start = 2, end = 3> (image)
        size_int = Cast <to = 7> (size)
        new_height, new_width = Split <num_outputs = 2, axis = 0> (size_int)
    }
    """,
    # 0, 1, ... as floats.
    """
    Indices (count) => (indices)
    {
        zero = Constant <value_int = 0> ()
        one = Constant <value_int = 1> ()
        count_int = Cast <to = 7> (count)
        end = Squeeze (count_int)
        integers = Range (zero, end, one)
        indices = Cast <to = 1> (integers)
    }
    """,
    # 1 / x, written so that onnxruntime does not turn y * (1 / x) into y / x, which rounds differently.
    """
    Inverse (x) => (inverse)
    {
        minus_one = Constant <value_float = -1.0> ()
        negative = Div (minus_one, x)
        inverse = Neg (negative)
    }
    """,
    """
    Scale (old, new) => (scale)
    {
        old_float = Cast <to = 1> (old)
        new_float = Cast <to = 1> (new)
        scale = Div (old_float, new_float)
    }
    """,
    # From the first pixel to the last; corners are not aligned where there is only one.
    """
    AlignedScale (old, new) => (scale)
    {
        one = Constant <value_int = 1> ()
        two = Constant <value_int = 2> ()
        fewer = Min (old, new, two)
        lost = Sub (fewer, one)
        old_span = Sub (old, lost)
        new_span = Sub (new, lost)
        scale = tensorflow.Scale (old_span, new_span)
    }
    """,
    # Where on the old side the new pixels lie; offset 0.5 means their centres, 0 where they start, 1 where they end.
    """
    Scaled <offset: float = 0.0> (scale, new) => (scaled)
    {
        shift = Constant <value_float: float = @offset> ()
        indices = tensorflow.Indices (new)
        shifted = Add (indices, shift)
        scaled = Mul (shifted, scale)
    }
    """,
    # The nearest indices that there are on the side.
    """
    Within (positions, old) => (indices)
    {
        zero = Constant <value_int = 0> ()
        one = Constant <value_int = 1> ()
        integers = Cast <to = 7> (positions)
        last = Sub (old, one)
        not_after = Min (integers, last)
        indices = Max (not_after, zero)
    }
    """,
)
"""Functions in ONNX's text form, which any of the resizes may call."""
