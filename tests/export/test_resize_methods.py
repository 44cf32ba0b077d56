"""Every resize of TensorFlow's in ONNX, compared with TensorFlow's kernels: the same to the last bit."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import onnx.utils
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from export.network.operations import DOMAIN
from export.network.resize import OPERATIONS, kernels, opencv
from tests.export.resizes import DTYPES, Array, cast, expand, inputs_with_types, onnx_model, picture, run

MODES: dict[str, dict[str, bool]] = {
    "neither": {},
    "half-pixel centres": {"half_pixel_centers": True},
    "aligned corners": {"align_corners": True},
}
TENSORFLOWS = tuple(operation for operation in OPERATIONS if operation != opencv.OPERATION)
SCALE = np.float32(1 / 127.5)
SHIFT = np.float32(1)

SIDES = st.integers(1, 200)
ZOOMS = st.floats(0.0625, 16, width=32)
PROPERTY = settings(max_examples=60, deadline=None, derandomize=True)


@dataclass(frozen=True)
class Method:
    """An operation of TensorFlow's with its attributes; `inputs` come after the picture and the size."""

    operation: str
    attributes: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()

    def node(self, image: str, resized: str) -> onnx.NodeProto:
        """The node that tf2onnx leaves."""
        return helper.make_node(
            self.operation, [image, "size", *self.inputs], [resized], domain=DOMAIN, **self.attributes
        )

    def kernel(self, image: Any, size: Any, *moved: Any) -> Any:
        """What TensorFlow does."""
        inputs = dict(zip(self.inputs, moved, strict=True))
        return getattr(tf.raw_ops, self.operation)(images=image, size=size, **inputs, **self.attributes)

    def result(self, dtype: str) -> str:
        """The type of the resized picture."""
        return dtype if self.operation == "ResizeNearestNeighbor" else "float32"


METHODS = {
    **{f"nearest, {mode}": Method("ResizeNearestNeighbor", flags) for mode, flags in MODES.items()},
    **{f"bilinear, {mode}": Method("ResizeBilinear", flags) for mode, flags in MODES.items()},
    **{f"bicubic, {mode}": Method("ResizeBicubic", flags) for mode, flags in MODES.items()},
    "area": Method("ResizeArea"),
    "area, aligned corners": Method("ResizeArea", {"align_corners": True}),
    **{
        f"{kernel}{', antialias' if antialias else ''}": Method(
            "ScaleAndTranslate", {"kernel_type": kernel, "antialias": antialias}, ("scale", "translation")
        )
        for kernel in kernels.RADII
        for antialias in (False, True)
    },
}
SOME = ["nearest, half-pixel centres", "bicubic, half-pixel centres", "area", "triangle, antialias", "lanczos3"]


@functools.cache
def expanded(name: str, dtype: str) -> onnx.ModelProto:
    method = METHODS[name]
    return expand(onnx_model([method.node("image", "resized")], ["resized"], dtype, result=method.result(dtype)))


@functools.cache
def expanded_after_scaling(name: str) -> onnx.ModelProto:
    nodes = [
        cast("image", "floats"),
        helper.make_node("Mul", ["floats", "factor"], ["scaled"]),
        helper.make_node("Sub", ["scaled", "shift"], ["shifted"]),
        METHODS[name].node("shifted", "resized"),
    ]
    return expand(onnx_model(nodes, ["resized"], factor=SCALE, shift=SHIFT))


@functools.cache
def in_tensorflow(name: str, dtype: str) -> Callable[..., Any]:
    """The kernel as a graph, which TensorFlow optimises as it does a signature."""
    method = METHODS[name]
    specs = [tf.TensorSpec([1, None, None, None], dtype), tf.TensorSpec([2], tf.int32)]
    return tf.function(method.kernel, input_signature=[*specs, *(tf.TensorSpec([2]) for _ in method.inputs)])


def fitting(name: str, image: Array, size: tuple[int, int]) -> dict[str, Array]:
    """What `tf.image.resize` gives the operation besides the picture and the size."""
    zoom = np.array(size, np.float32) / np.array(image.shape[1:3], np.float32)
    given = {"scale": zoom, "translation": np.zeros(2, np.float32)}
    return {name: given[name] for name in METHODS[name].inputs}


def check(model: onnx.ModelProto, name: str, image: Array, size: tuple[int, int], moved: dict[str, Array]) -> None:
    (actual,) = run(model, image, size, **moved)
    expected = np.array(in_tensorflow(name, str(image.dtype))(image, size, *moved.values()))
    np.testing.assert_array_equal(actual, expected, strict=True)


@pytest.mark.parametrize("name", METHODS)
@PROPERTY
@given(
    height=SIDES,
    width=SIDES,
    size=st.tuples(SIDES, SIDES),
    channels=st.sampled_from([1, 3, 4]),
    dtype=st.sampled_from(list(DTYPES)),
)
def test_method(height: int, width: int, size: tuple[int, int], channels: int, dtype: str, name: str) -> None:
    """A picture of any size, resized to any size by any method, has TensorFlow's values."""
    image = picture(height, width, channels, dtype)
    check(expanded(name, dtype), name, image, size, fitting(name, image, size))


@pytest.mark.parametrize("name", [name for name in METHODS if METHODS[name].inputs])
@PROPERTY
@given(
    height=SIDES,
    width=SIDES,
    size=st.tuples(SIDES, SIDES),
    zoom=st.tuples(ZOOMS, ZOOMS),
    shift=st.tuples(*[st.floats(-100, 100, width=32)] * 2),
)
def test_any_scale_and_translation(
    height: int, width: int, size: tuple[int, int], zoom: tuple[float, float], shift: tuple[float, float], name: str
) -> None:
    """A picture enlarged, reduced and moved at will, even out of sight, has TensorFlow's values."""
    moved = {"scale": np.array(zoom, np.float32), "translation": np.array(shift, np.float32)}
    check(expanded(name, "uint8"), name, picture(height, width), size, moved)


@pytest.mark.parametrize("name", METHODS)
@settings(PROPERTY, max_examples=5)
@given(height=SIDES, width=SIDES, size=st.tuples(SIDES, SIDES))
def test_scaled_before(height: int, width: int, size: tuple[int, int], name: str) -> None:
    """A picture scaled to -1..1 before it is resized has TensorFlow's values."""
    image = picture(height, width)
    moved = fitting(name, image, size)
    (actual,) = run(expanded_after_scaling(name), image, size, **moved)
    scaled = np.array(image.astype(np.float32) * SCALE - SHIFT)
    np.testing.assert_array_equal(actual, in_tensorflow(name, "float32")(scaled, size, *moved.values()), strict=True)


@pytest.mark.parametrize("name", SOME)
def test_scaled_after_the_gather(name: str) -> None:
    """The whole picture never becomes floats: what was before the resize is done to what was gathered."""
    model = expanded_after_scaling(name)
    assert ("image", TensorProto.UINT8) not in inputs_with_types(model, "Cast")
    readers = {node.op_type for node in model.graph.node if "image" in node.input}
    assert readers <= {"Gather", "Shape", "Transpose", "Identity"}


@pytest.mark.parametrize("name", SOME)
def test_part_of_a_model(name: str) -> None:
    """A resize that is taken out of its model takes all that it reads with it."""
    image, size = picture(40, 50), (20, 19)
    moved = fitting(name, image, size)
    whole = expanded_after_scaling(name)
    part = onnx.utils.Extractor(whole).extract_model(["image", "size", *moved], ["resized"])
    np.testing.assert_array_equal(run(part, image, size, **moved)[0], run(whole, image, size, **moved)[0], strict=True)


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize(("before", "after"), [((3000, 4000), (224, 224)), ((1, 4000), (30, 1)), ((2, 3), (500, 700))])
def test_extreme_sizes(before: tuple[int, int], after: tuple[int, int], name: str) -> None:
    """A picture of twelve megapixels, a line and an enlarged speck have TensorFlow's values."""
    image = picture(*before)
    check(expanded(name, "uint8"), name, image, after, fitting(name, image, after))


@pytest.mark.parametrize("operation", TENSORFLOWS)
def test_without_attributes(operation: str) -> None:
    """A node without attributes, as SavedModels leave out those with default values, has TensorFlow's values."""
    inputs = ("scale", "translation") if operation == "ScaleAndTranslate" else ()
    method = Method(operation, inputs=inputs)
    model = expand(onnx_model([method.node("image", "resized")], ["resized"], result=method.result("uint8")))
    image = picture(40, 50)
    moved = {name: np.array(value, np.float32) for name, value in zip(inputs, ([0.5, 0.4], [2, 3]))}
    (actual,) = run(model, image, (20, 19), **moved)
    np.testing.assert_array_equal(actual, method.kernel(image, (20, 19), *moved.values()), strict=True)


def test_methods_differ() -> None:
    """The methods give different values, so that agreeing with TensorFlow on each says something."""
    image = picture(20, 30, dtype="float32")
    size = (13, 47)
    results = {name: run(expanded(name, "float32"), image, size, **fitting(name, image, size))[0] for name in METHODS}
    same = {"triangle": "bilinear, half-pixel centres"}
    assert len({results[name].tobytes() for name in METHODS if name not in same}) == len(METHODS) - len(same)


def test_every_operation_is_tested() -> None:
    """All of TensorFlow's operations that are written out are among the methods; OpenCV's have tests of their own."""
    assert {method.operation for method in METHODS.values()} == set(TENSORFLOWS)
