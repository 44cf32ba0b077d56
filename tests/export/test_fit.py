"""Fitting a picture to a model's size, compared with tf.image and Keras themselves."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from export.preprocessing import opencv
from export.preprocessing.fit import FITS, RESIZES, fitted
from tests.export import models
from tests.export.conftest import ExportTo
from tests.export.resizes import METHODS, Array, picture

SIZES = [(24, 24), (224, 224), (30, 17)]
SIDES = st.integers(1, 700)
PROPERTY = settings(max_examples=60, deadline=None, derandomize=True)


@functools.cache
def as_signature(resize: str, fit: str, size: tuple[int, int], dtype: str = "uint8") -> Callable[[Array], Any]:
    """The fit as a graph that knows no size beforehand, which TensorFlow optimises as it does a signature."""
    spec = tf.TensorSpec([1, None, None, 3], dtype)
    return tf.function(lambda batch: fitted(batch, *size, resize, fit), input_signature=[spec])


def same(actual: Any, expected: Any) -> None:
    np.testing.assert_array_equal(np.array(actual), np.array(expected, np.float32), strict=True)


def test_every_resize_is_tested() -> None:
    """The names are those whose meaning in tf.image the tests know."""
    assert RESIZES.keys() - opencv.METHODS.keys() == METHODS.keys()


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("resize", METHODS)
@settings(PROPERTY, max_examples=20)
@given(height=SIDES, width=SIDES)
def test_stretch(height: int, width: int, resize: str, dtype: str) -> None:
    """The stretched picture is that of tf.image.resize."""
    image = picture(height, width, dtype=dtype)
    actual = as_signature(resize, "stretch", SIZES[0], dtype)(image)
    same(actual, tf.image.resize(image, SIZES[0], **METHODS[resize]))


@pytest.mark.parametrize("size", SIZES)
@PROPERTY
@given(height=SIDES, width=SIDES)
def test_crop(height: int, width: int, size: tuple[int, int]) -> None:
    """The cropped picture is that of Keras's smart_resize, and of its Resizing layer on floats."""
    image = picture(height, width)
    actual = as_signature("tf-bilinear", "crop", size)(image)
    same(actual, keras.preprocessing.image.smart_resize(image, size))
    same(actual, keras.layers.Resizing(*size, crop_to_aspect_ratio=True)(image.astype(np.float32)))


@pytest.mark.parametrize("resize", METHODS)
@pytest.mark.parametrize("size", SIZES)
@settings(PROPERTY, max_examples=20)
@given(height=SIDES, width=SIDES)
def test_pad(height: int, width: int, size: tuple[int, int], resize: str) -> None:
    """The padded picture is that of tf.image.resize_with_pad, as a training pipeline calls it."""
    assume(max(height / size[0], width / size[1]) <= min(height, width))
    image = picture(height, width)
    actual = as_signature(resize, "pad", size)(image)
    same(actual, tf.image.resize_with_pad(image, *size, **METHODS[resize]))


def test_pad_of_one_row_more_or_less() -> None:
    """A side that fills the model's size exactly does so for every size of picture that it does for in training.

    TensorFlow rounds otherwise in an optimised graph, and would leave a row out for every other size.
    """
    rows = []
    for height in range(301, 3000, 29):
        image = np.full((1, height, 30, 3), 255, np.uint8)
        fits = (
            as_signature("tf-nearest", "pad", (224, 224))(image),
            tf.image.resize_with_pad(image, 224, 224, "nearest"),
        )
        rows.append([int(np.array(fit)[0, :, :, 0].any(axis=1).sum()) for fit in fits])
    assert [ours for ours, _ in rows] == [theirs for _, theirs in rows]
    assert {ours for ours, _ in rows} == {223, 224}


@pytest.mark.parametrize("size", SIZES)
@PROPERTY
@given(height=st.integers(1, 300), width=st.integers(1, 300))
def test_pad_first(height: int, width: int, size: tuple[int, int]) -> None:
    """The picture that is padded first is that of Keras's Resizing layer with pad_to_aspect_ratio."""
    image = picture(height, width, dtype="float32")
    actual = as_signature("tf-bilinear", "pad-to-aspect-ratio", size, "float32")(image)
    same(actual, keras.layers.Resizing(*size, pad_to_aspect_ratio=True)(image))


@pytest.mark.parametrize("fit", sorted(FITS.keys() - {"pad-to-aspect-ratio"}))  # which nearest may resize to padding
@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1)])
def test_extreme_shape(shape: tuple[int, int], fit: str) -> None:
    """A dot and a line fit too, also where TensorFlow would leave nothing of them and raise."""
    image = np.full((1, *shape, 3), 9, np.uint8)
    assert np.array(as_signature("tf-nearest", fit, (24, 24))(image)).max() == 9


@pytest.mark.parametrize(
    ("resize", "fit"),
    [
        ("tf-nearest", "crop"),
        ("tf-bicubic", "pad"),
        ("tf-area", "crop"),
        ("tf-bilinear-antialias", "pad"),
        ("tf-lanczos3", "stretch"),
    ],
)
def test_export(resize: str, fit: str, tmp_path: Path, export_to: ExportTo) -> None:
    """A network behind the fit sees bit for bit what it sees in TensorFlow."""

    def preprocess(data: tf.Tensor) -> tf.Tensor:
        pixels = tf.io.decode_image(data, channels=3, expand_animations=False)
        return fitted(pixels[tf.newaxis], models.SIZE, models.SIZE, resize, fit)[0] / 255.0

    export = export_to(models.save_bytes(models.network(), tmp_path / "model", preprocess))
    assert export.verification.parity.identical_inputs == 1
