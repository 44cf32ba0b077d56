"""Files of every published format: they lie in people's buckets, and go on answering as they did."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from predictor import Classifier
from predictor.metadata import FORMAT, KEY, READABLE
from tests.conftest import SAMPLES

FILES = Path(__file__).parent / "model_files"


def test_all_formats() -> None:
    """There is a file of each format that was published before today's, which the example's own file shows."""
    assert {path.name for path in FILES.glob("*.onnx")} == {f"format_{form}.onnx" for form in READABLE[:-1]}
    assert READABLE[-1] == FORMAT


@pytest.mark.parametrize("path", sorted(FILES.glob("*.onnx")), ids=lambda path: path.stem)
def test_format(path: Path, digits_model: Path) -> None:
    """A file of an older format answers as the one that is exported from the same model today."""
    (entry,) = onnx.load(path).metadata_props
    assert f'"format": {path.stem.removeprefix("format_")}' in entry.value
    assert entry.key == KEY
    old, new = Classifier.load(path), Classifier.load(digits_model)
    for sample in sorted(SAMPLES.glob("*.png")):
        pixels = old.decode(sample.read_bytes())
        np.testing.assert_array_equal(pixels, new.decode(sample.read_bytes()))
        np.testing.assert_allclose(old.scores(pixels), new.scores(pixels), rtol=0, atol=1e-5)
        assert old.classify(sample.read_bytes())[0].label == sample.stem
