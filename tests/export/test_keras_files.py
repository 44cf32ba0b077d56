"""`.keras` and `.h5` files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import pytest

from tests.export import models
from tests.export.comparison import check_scores, resized
from tests.export.conftest import ExportTo

SIZE = models.SIZE


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras with NumPy 2
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_keras_file(suffix: str, tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """A file that Keras saved answers as the model in it, without the augmentation that it had in training."""
    model = keras.Sequential(
        [
            keras.layers.Input([SIZE, SIZE, 3]),
            keras.layers.RandomRotation(0.2),
            keras.layers.Rescaling(1 / 255),
            models.network(),
        ]
    )
    model.save(tmp_path / f"flowers{suffix}")
    export = export_to(tmp_path / f"flowers{suffix}", images=photos)
    check_scores(export, photos, lambda data: model(resized(data), training=False))
    assert export.info.name == "flowers"
    assert export.verification.parity.identical_inputs == 1


@pytest.fixture
def keras_2() -> Any:
    """Keras 2, as it was part of TensorFlow up to 2.15."""
    return pytest.importorskip("tf_keras")


@pytest.mark.filterwarnings("ignore")  # of Keras 2, which is no longer kept
def test_legacy_file(keras_2: Any, tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """A .h5 file that Keras 2 saved with its training's state answers as Keras 2 does."""
    layers = keras_2.layers
    model = keras_2.Sequential(
        [
            layers.Input([SIZE, SIZE, 3]),
            layers.Rescaling(1 / 255),
            layers.Conv2D(8, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile(keras_2.optimizers.legacy.Adam(), "categorical_crossentropy")
    model.save(tmp_path / "flowers.h5")
    export = export_to(tmp_path / "flowers.h5", images=photos)
    check_scores(export, photos, lambda data: model(resized(data)))
