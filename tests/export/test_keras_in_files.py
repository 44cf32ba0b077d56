"""Keras models that take image files: Keras 2 with what today's TensorFlow rejects, Keras 3 with its own layers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf

from tests.conftest import ROOT
from tests.export import models
from tests.export.conftest import ExportTo
from tests.export.reference import Reference, assert_exact


@pytest.fixture(scope="module")
def keras2(few_pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[float]]]:
    """A Keras 2 model, and its scores for each picture by the file's name."""
    folder = tmp_path_factory.mktemp("keras2") / "model"
    command = [sys.executable, "-m", "tests.export.keras2", str(folder), str(few_pictures)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


LOAD_AS_USERS = """
import sys
sys.modules["tf_keras"] = None  # users have none; where it was imported before, TensorFlow loads what it knows
import tensorflow as tf
tf.saved_model.load(sys.argv[1])
"""


def test_keras2_with_a_legacy_optimizer(
    keras2: tuple[Path, dict[str, list[float]]], few_pictures: Path, export_to: ExportTo
) -> None:
    """A model that `tf.saved_model.load` rejects, because of its optimizer, is opened all the same."""
    folder, expected = keras2
    loaded = subprocess.run([sys.executable, "-c", LOAD_AS_USERS, str(folder)], capture_output=True, text=True)
    assert "has no attribute 'add_slot'" in loaded.stderr
    export = export_to(folder, images=few_pictures)
    by_file = {(few_pictures / name).read_bytes(): scores for name, scores in expected.items()}
    assert_exact(export, few_pictures, by_file.__getitem__)


def preprocessing_layers() -> dict[str, Callable[[], list[Any]]]:
    layers, size = keras.layers, models.SIZE
    normalization = {"mean": [120.0, 110.0, 100.0], "variance": [3600.0, 3500.0, 3400.0]}
    return {
        "Rescaling": lambda: [layers.Rescaling(1 / 127.5, -1), layers.Resizing(size, size)],
        "Normalization": lambda: [layers.Resizing(size, size), layers.Normalization(**normalization)],
        "CenterCrop": lambda: [layers.Resizing(size + 8, size + 8), layers.CenterCrop(size, size)],
        "crop to the shape": lambda: [layers.Resizing(size, size, crop_to_aspect_ratio=True)],
        "pad to the shape": lambda: [layers.Resizing(size, size, pad_to_aspect_ratio=True)],
        "nearest": lambda: [layers.Resizing(size, size, interpolation="nearest")],
        "bicubic": lambda: [layers.Resizing(size, size, interpolation="bicubic")],
        "antialias": lambda: [layers.Resizing(size, size, antialias=True)],
        "augmentation": lambda: [
            layers.Resizing(size, size),
            layers.RandomFlip(),
            layers.RandomRotation(0.2),
            layers.RandomZoom(0.2),
            layers.RandomContrast(0.2),
            layers.RandomBrightness(0.2),
            layers.RandomTranslation(0.1, 0.1),
        ],
    }


@pytest.mark.parametrize("name", preprocessing_layers())
def test_keras3_with_preprocessing_layers(name: str, tmp_path: Path, few_pictures: Path, export_to: ExportTo) -> None:
    """Keras's preprocessing layers behind the decoder are part of the graph, exactly; augmentation is off."""
    model = keras.Sequential(
        [
            keras.layers.Input([None, None, 3]),
            *preprocessing_layers()[name](),
            keras.layers.Rescaling(1 / 255),
            models.network(),
        ]
    )

    def serve(image: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels = tf.cast(tf.io.decode_image(image, channels=3, expand_animations=False), tf.float32)
        return {"scores": model(tf.ensure_shape(pixels, [None, None, 3])[tf.newaxis], training=False)}

    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serving_default", serve, input_signature=[tf.TensorSpec([], tf.string, "image")])
    archive.write_out(str(tmp_path / "model"), verbose=False)
    export = export_to(tmp_path / "model", images=few_pictures)
    reference = Reference(tmp_path / "model")
    assert_exact(export, few_pictures, lambda data: reference(image=tf.constant(data))["scores"])
