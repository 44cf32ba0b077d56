"""`.keras` and `.h5` files."""

from __future__ import annotations

from pathlib import Path

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
    """A file that Keras saved answers as the model in it."""
    model = keras.Sequential([keras.layers.Input([SIZE, SIZE, 3]), keras.layers.Rescaling(1 / 255), models.network()])
    model.save(tmp_path / f"flowers{suffix}")
    export = export_to(tmp_path / f"flowers{suffix}", images=photos)
    check_scores(export, photos, lambda data: model(resized(data)))
    assert export.info.name == "flowers"
    assert export.verification.parity.identical_inputs == 1
