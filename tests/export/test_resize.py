"""The bilinear resize in ONNX, and the steps around it, compared with TensorFlow's kernel: the same to the last bit."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from export.network.operations import DOMAIN
from export.network.resize import expand_resizes
from tests.export.resizes import Array, cast, expand, inputs_with_types, onnx_model, picture, run

ReferenceModel = Callable[[Array, tuple[int, int]], Array]
"""A picture [1, height, width, channels] and a size to TensorFlow's values."""

MODES: dict[str, dict[str, Any]] = {
    "half-pixel centres": {"half_pixel_centers": 1, "align_corners": 0},
    "aligned corners": {"half_pixel_centers": 0, "align_corners": 1},
    "neither": {"half_pixel_centers": 0, "align_corners": 0},
}
SCALE = np.float32(1 / 255)
SHIFT = np.float32(0.5)

SIDES = st.integers(1, 300)
PROPERTY = settings(max_examples=150, deadline=None, derandomize=True)


def resize(image: str, resized: str, mode: str = "", *, size: str = "size") -> onnx.NodeProto:
    """The node that tf2onnx leaves; without a mode, one without attributes."""
    return helper.make_node("ResizeBilinear", [image, size], [resized], domain=DOMAIN, **MODES.get(mode, {}))


@functools.cache
def expanded_resize(mode: str, dtype: str) -> onnx.ModelProto:
    return expand(onnx_model([resize("image", "resized", mode)], ["resized"], dtype))


def in_tensorflow(function: Callable[[Any, Any], Any], dtype: str = "uint8") -> ReferenceModel:
    """The function as a graph, which TensorFlow optimises as it does a signature."""
    specs = [tf.TensorSpec([1, None, None, None], dtype), tf.TensorSpec([2], tf.int32)]
    graph = tf.function(function, input_signature=specs)
    return lambda image, size: np.array(graph(image, size))


def kernel(image: Any, size: Any, mode: str) -> Any:
    flags = {name: bool(value) for name, value in MODES[mode].items()}
    return tf.raw_ops.ResizeBilinear(images=image, size=size, **flags)


@functools.cache
def original_resize(mode: str, dtype: str) -> ReferenceModel:
    return in_tensorflow(functools.partial(kernel, mode=mode), dtype)


def check_resize(image: Array, size: tuple[int, int], mode: str) -> None:
    (actual,) = run(expanded_resize(mode, str(image.dtype)), image, size)
    expected = original_resize(mode, str(image.dtype))(image, size)
    np.testing.assert_array_equal(actual, expected, strict=True)


# One resize.


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("before", "after"),
    [((3000, 4000), (224, 224)), ((4000, 3000), (513, 299)), ((1, 4000), (300, 1)), ((2, 3), (1000, 1500))],
)
def test_big_resize(before: tuple[int, int], after: tuple[int, int], mode: str) -> None:
    """A picture of twelve megapixels, a line and an enlarged speck have TensorFlow's values."""
    check_resize(picture(*before), after, mode)


@pytest.mark.parametrize("side", [1, 2, 7, 224])
@pytest.mark.parametrize("mode", MODES)
def test_same_size(side: int, mode: str) -> None:
    """A picture that has the wanted size already only becomes floats."""
    image = picture(side, side)
    (actual,) = run(expanded_resize(mode, "uint8"), image, (side, side))
    np.testing.assert_array_equal(actual, image.astype(np.float32), strict=True)


def test_modes_differ() -> None:
    """The modes give different values, so that agreeing with TensorFlow on each says something."""
    image = picture(20, 30)
    assert len({run(expanded_resize(mode, "uint8"), image, (13, 47))[0].tobytes() for mode in MODES}) == 3


def test_old_graph() -> None:
    """A node without attributes, from before they were invented, means neither of them."""
    image = picture(37, 53)
    (actual,) = run(expand(onnx_model([resize("image", "resized")], ["resized"])), image, (24, 60))
    np.testing.assert_array_equal(actual, original_resize("neither", "uint8")(image, (24, 60)), strict=True)


def test_constant_size() -> None:
    """A size that is a constant of the graph, as it mostly is, is used."""
    node = resize("image", "resized", "half-pixel centres", size="constant")
    model = expand(onnx_model([node], ["resized"], constant=np.array([24, 60], np.int32)))
    image = picture(37, 53)
    expected = original_resize("half-pixel centres", "uint8")(image, (24, 60))
    np.testing.assert_array_equal(run(model, image, (1, 1))[0], expected, strict=True)


# Steps before the resize.


def scaled_then_resized(shape: tuple[int, ...] = ()) -> onnx.ModelProto:
    """Cast, times 1/255, less 0.5, resized; the constants have one value, in `shape`."""
    nodes = [
        cast("image", "floats"),
        helper.make_node("Mul", ["floats", "scale"], ["scaled"]),
        helper.make_node("Sub", ["scaled", "shift"], ["shifted"]),
        resize("shifted", "resized", "half-pixel centres"),
    ]
    return onnx_model(nodes, ["resized"], scale=np.full(shape, SCALE), shift=np.full(shape, SHIFT))


@functools.cache
def original_scaled_then_resized() -> ReferenceModel:
    def function(image: Any, size: Any) -> Any:
        return kernel(tf.cast(image, tf.float32) * SCALE - SHIFT, size, "half-pixel centres")

    return in_tensorflow(function)


@functools.cache
def expanded_scaled_then_resized() -> onnx.ModelProto:
    return expand(scaled_then_resized())


def test_gather_comes_first() -> None:
    """The neighbours are gathered from the bytes of the picture: rows, which are turned, and columns; in eighths."""
    gathers = inputs_with_types(expanded_scaled_then_resized(), "Gather")
    assert gathers == [("image", TensorProto.UINT8), ("Transpose", TensorProto.UINT8)] * 8


def test_no_cast_of_the_picture() -> None:
    """No step but the gather sees the whole picture: only what was gathered becomes floats."""
    model = expanded_scaled_then_resized()
    readers = {node.op_type for node in model.graph.node if "image" in node.input}
    assert readers == {"Gather", "Shape"}
    casts = [maker for maker, dtype in inputs_with_types(model, "Cast") if dtype == TensorProto.UINT8]
    assert casts == ["Concat"]


@PROPERTY
@given(height=SIDES, width=SIDES, size=st.tuples(SIDES, SIDES))
def test_scaled_then_resized(height: int, width: int, size: tuple[int, int]) -> None:
    """Scaled after the gather instead of before the resize, the values are TensorFlow's."""
    image = picture(height, width)
    (actual,) = run(expanded_scaled_then_resized(), image, size)
    np.testing.assert_array_equal(actual, original_scaled_then_resized()(image, size), strict=True)


@pytest.mark.parametrize("shape", [(1,), (1, 1, 1, 1)])
def test_single_value_in_more_dimensions(shape: tuple[int, ...]) -> None:
    """A constant of one value is carried past the gather whatever its shape."""
    model = expand(scaled_then_resized(shape))
    assert inputs_with_types(model, "Gather")[0] == ("image", TensorProto.UINT8)
    image = picture(37, 53)
    expected = original_scaled_then_resized()(image, (24, 60))
    np.testing.assert_array_equal(run(model, image, (24, 60))[0], expected, strict=True)


def test_value_a_channel() -> None:
    """A constant with a value for each channel gives TensorFlow's values too."""
    means = np.array([103.5, 116.25, 123.75], np.float32)
    nodes = [
        cast("image", "floats"),
        helper.make_node("Sub", ["floats", "means"], ["shifted"]),
        resize("shifted", "resized", "half-pixel centres"),
    ]
    original = in_tensorflow(lambda image, size: kernel(tf.cast(image, tf.float32) - means, size, "half-pixel centres"))
    image = picture(37, 53)
    (actual,) = run(expand(onnx_model(nodes, ["resized"], means=means)), image, (24, 60))
    np.testing.assert_array_equal(actual, original(image, (24, 60)), strict=True)


def test_value_a_pixel() -> None:
    """A constant with a value for each pixel is applied before the resize."""
    mask = np.random.default_rng(1).normal(0, 1, (1, 37, 53, 1)).astype(np.float32)
    nodes = [
        cast("image", "floats"),
        helper.make_node("Mul", ["floats", "mask"], ["masked"]),
        resize("masked", "resized", "half-pixel centres"),
    ]
    original = in_tensorflow(
        lambda image, size: kernel(tf.cast(image, tf.float32) * mask, size, "half-pixel centres"),
    )
    image = picture(37, 53)
    (actual,) = run(expand(onnx_model(nodes, ["resized"], mask=mask)), image, (24, 60))
    np.testing.assert_array_equal(actual, original(image, (24, 60)), strict=True)


def test_constant_less_picture() -> None:
    """A constant less the picture, where the picture is the second operand, gives TensorFlow's values."""
    nodes = [
        cast("image", "floats"),
        helper.make_node("Sub", ["white", "floats"], ["negative"]),
        resize("negative", "resized", "half-pixel centres"),
    ]
    original = in_tensorflow(lambda image, size: kernel(255.0 - tf.cast(image, tf.float32), size, "half-pixel centres"))
    image = picture(37, 53)
    (actual,) = run(expand(onnx_model(nodes, ["resized"], white=np.float32(255))), image, (24, 60))
    np.testing.assert_array_equal(actual, original(image, (24, 60)), strict=True)


# Graphs in which more than one step reads the same.


def test_two_readers_of_a_cast() -> None:
    """A cast that something else reads too is left alone, and both readers get what they should."""
    nodes = [
        cast("image", "floats"),
        resize("floats", "resized", "half-pixel centres"),
        helper.make_node("ReduceMean", ["floats"], ["mean"]),
    ]
    model = expand(onnx_model(nodes, ["resized", "mean"]))
    assert ("image", TensorProto.UINT8) in inputs_with_types(model, "Cast")
    image = picture(37, 53)
    resized, mean = run(model, image, (24, 60))
    expected = original_resize("half-pixel centres", "uint8")(image, (24, 60))
    np.testing.assert_array_equal(resized, expected, strict=True)
    assert mean.item() == pytest.approx(image.mean(), rel=1e-5)


def test_cast_that_is_an_output() -> None:
    """A cast that is an output of the graph as well stays the whole picture."""
    nodes = [cast("image", "floats"), resize("floats", "resized", "half-pixel centres")]
    image = picture(37, 53)
    resized, floats = run(expand(onnx_model(nodes, ["resized", "floats"])), image, (24, 60))
    expected = original_resize("half-pixel centres", "uint8")(image, (24, 60))
    np.testing.assert_array_equal(resized, expected, strict=True)
    np.testing.assert_array_equal(floats, image.astype(np.float32), strict=True)


def test_branch_that_reads_a_cast() -> None:
    """A cast that the branches of an If read too stays the whole picture."""
    floats = onnx.ValueInfoProto(name="branch")
    branch = helper.make_graph([helper.make_node("Identity", ["floats"], ["branch"])], "branch", [], [floats])
    nodes = [
        cast("image", "floats"),
        helper.make_node("If", ["condition"], ["seen"], then_branch=branch, else_branch=branch),
        resize("floats", "resized", "half-pixel centres"),
    ]
    image = picture(37, 53)
    model = expand_resizes(onnx_model(nodes, ["resized", "seen"], condition=np.array(True)))
    resized, seen = run(model, image, (24, 60))
    expected = original_resize("half-pixel centres", "uint8")(image, (24, 60))
    np.testing.assert_array_equal(resized, expected, strict=True)
    np.testing.assert_array_equal(seen, image.astype(np.float32), strict=True)


def test_two_resizes_of_a_picture() -> None:
    """Two resizes of one cast, in different modes, each give TensorFlow's values."""
    nodes = [
        cast("image", "floats"),
        resize("floats", "first", "half-pixel centres"),
        resize("floats", "second", "aligned corners"),
    ]
    image = picture(37, 53)
    first, second = run(expand(onnx_model(nodes, ["first", "second"])), image, (24, 60))
    for actual, mode in ((first, "half-pixel centres"), (second, "aligned corners")):
        np.testing.assert_array_equal(actual, original_resize(mode, "uint8")(image, (24, 60)), strict=True)


def test_resize_of_a_resize() -> None:
    """A resize of what was resized and scaled before gives TensorFlow's values."""
    nodes = [
        resize("image", "larger", "half-pixel centres", size="larger_size"),
        helper.make_node("Mul", ["larger", "scale"], ["scaled"]),
        resize("scaled", "resized", "half-pixel centres"),
    ]

    def function(image: Any, size: Any) -> Any:
        larger = kernel(image, tf.constant([70, 90]), "half-pixel centres")
        return kernel(larger * SCALE, size, "half-pixel centres")

    image = picture(37, 53)
    model = expand(onnx_model(nodes, ["resized"], larger_size=np.array([70, 90], np.int32), scale=SCALE))
    expected = in_tensorflow(function)(image, (24, 60))
    np.testing.assert_array_equal(run(model, image, (24, 60))[0], expected, strict=True)


def test_nothing_to_expand() -> None:
    """A model without a resize is left as it is."""
    nodes = [cast("image", "floats")]
    image = picture(5, 7)
    (floats,) = run(expand(onnx_model(nodes, ["floats"])), image, (1, 1))
    np.testing.assert_array_equal(floats, image.astype(np.float32), strict=True)
