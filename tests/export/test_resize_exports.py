"""Models whose preprocessing resizes, crops and pads in the ways that tf.image and Keras offer, exported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow import image

from tests.export import models
from tests.export.conftest import ExportTo
from tests.export.resizes import picture

SIZE = [models.SIZE, models.SIZE]
TOLERANCE = 1e-5


def middle_square(pixels: tf.Tensor) -> tf.Tensor:
    height, width = tf.unstack(tf.shape(pixels)[:2])
    side = tf.minimum(height, width)
    return image.crop_to_bounding_box(pixels, (height - side) // 2, (width - side) // 2, side, side)


def truncated(pixels: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.clip_by_value(pixels, 0, 255), tf.uint8)


def in_aspect_ratio(pixels: tf.Tensor) -> tf.Tensor:
    return image.resize(pixels, SIZE, preserve_aspect_ratio=True)


LEGACY = tf.compat.v1.image
PREPROCESSING: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "nearest": lambda pixels: image.resize(pixels, SIZE, "nearest"),
    "bicubic": lambda pixels: image.resize(pixels, SIZE, "bicubic"),
    "area": lambda pixels: image.resize(pixels, SIZE, "area"),
    "gaussian": lambda pixels: image.resize(pixels, SIZE, "gaussian"),
    "lanczos3 to levels": lambda pixels: truncated(image.resize(pixels, SIZE, "lanczos3", antialias=True)),
    "floats with antialias": lambda pixels: image.resize(
        image.convert_image_dtype(pixels, tf.float32), SIZE, antialias=True
    ),
    "legacy bicubic": lambda pixels: LEGACY.resize_images(pixels, SIZE, method=2, align_corners=True),
    "legacy area": lambda pixels: LEGACY.resize_images(pixels, SIZE, method=3, align_corners=True),
    "preserve_aspect_ratio": lambda pixels: image.resize_with_crop_or_pad(in_aspect_ratio(pixels), *SIZE),
    "resize_with_pad": lambda pixels: image.resize_with_pad(pixels, *SIZE, antialias=True),
    "resize_with_crop_or_pad": lambda pixels: image.resize_with_crop_or_pad(pixels, *SIZE),
    "central_crop": lambda pixels: image.resize(image.central_crop(pixels, 0.875), SIZE),
    "crop_to_bounding_box": lambda pixels: image.resize(middle_square(pixels), SIZE, "area"),
    "smart_resize": lambda pixels: keras.preprocessing.image.smart_resize(pixels, SIZE),
    "Resizing": keras.layers.Resizing(*SIZE, interpolation="bicubic", antialias=True),
    "Resizing crop": keras.layers.Resizing(*SIZE, crop_to_aspect_ratio=True),
    "Resizing pad": keras.layers.Resizing(*SIZE, pad_to_aspect_ratio=True),
    "CenterCrop": keras.Sequential([keras.layers.Resizing(32, 40), keras.layers.CenterCrop(*SIZE)]),
}


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PNGs wider, higher, smaller and larger than what the network sees."""
    folder = tmp_path_factory.mktemp("photographs")
    for index, shape in enumerate([(480, 640), (517, 333), (24, 24), (3, 7), (25, 23), (301, 200), (20, 90)]):
        Image.fromarray(picture(*shape)[0]).save(folder / f"{index}.png")
    return folder


@pytest.mark.parametrize("name", PREPROCESSING)
def test_preprocessing(name: str, photographs: Path, tmp_path: Path, export_to: ExportTo) -> None:
    """The network sees bit for bit what it saw in TensorFlow."""

    def preprocess(data: tf.Tensor) -> tf.Tensor:
        pixels = PREPROCESSING[name](tf.io.decode_image(data, channels=3, expand_animations=False))
        return tf.ensure_shape(tf.cast(pixels, tf.float32), [*SIZE, 3]) / 255.0

    export = export_to(models.save_bytes(models.network(), tmp_path / "model", preprocess), images=photographs)
    assert export.verification.parity.identical_inputs == 1
    assert export.verification.parity.max_score_difference < TOLERANCE
    assert not export.verification.says_little
