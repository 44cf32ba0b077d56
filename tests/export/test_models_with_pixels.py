"""Models that take pixels: decoding, resizing and scaling are put in front."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from export import pictures
from export.errors import MissingPreprocessing, NotAClassifier
from predictor import Classifier
from tests.export import models
from tests.export.conftest import ExportTo

SCALED = {
    "0..1": lambda pixels: pixels / 255.0,
    "-1..1": lambda pixels: pixels / 127.5 - 1.0,
    "0..255": lambda pixels: pixels,
}


@pytest.mark.parametrize("scale", SCALED)
def test_scale(scale: str, tmp_path: Path, export_to: ExportTo) -> None:
    """A picture's scores are those of decode_image, tf.image.resize and the scale asked for, before the network."""
    model = models.network()
    export = export_to(models.save_pixels(model, tmp_path / "model"), scale=scale)
    classifier = Classifier.load(export.path)
    for picture in pictures.made()[:4]:
        data = picture.read()
        decoded = tf.io.decode_image(data, channels=3, expand_animations=False)
        resized = tf.image.resize(decoded, [models.SIZE, models.SIZE])
        expected = model(SCALED[scale](resized)[tf.newaxis])[0]
        np.testing.assert_allclose(classifier.scores(classifier.decode(data)), expected, atol=2e-5)
    assert export.verification.parity.identical_inputs == 1


def test_logits(tmp_path: Path, export_to: ExportTo) -> None:
    """A model that ends in logits gets a softmax, and the export says so."""
    model = models.network(activation=None)
    export = export_to(models.save_pixels(model, tmp_path / "model"), scale="0..1")
    assert export.info.activation == "softmax (added)"
    data = pictures.made()[0].read()
    decoded = tf.io.decode_image(data, channels=3, expand_animations=False)
    logits = model(tf.image.resize(decoded, [models.SIZE, models.SIZE])[tf.newaxis] / 255.0)
    classifier = Classifier.load(export.path)
    np.testing.assert_allclose(classifier.scores(classifier.decode(data)), tf.nn.softmax(logits)[0], atol=2e-5)


def test_missing_scale(tmp_path: Path, export_to: ExportTo) -> None:
    """Without --scale nothing is guessed: the message says what is missing and what the choices are."""
    source = models.save_pixels(models.network(), tmp_path / "model")
    with pytest.raises(MissingPreprocessing, match=r"--scale 0\.\.1\|-1\.\.1\|0\.\.255"):
        export_to(source)
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.parametrize("name", ["mcunet_nchw_logits", "keras3_fashion_logits"])
def test_pixels_of_other_shapes(name: str, shared: Path, export_to: ExportTo) -> None:
    """Channel-first and gray inputs are refused with the shape that they have."""
    with pytest.raises(NotAClassifier, match=r"is float32 \[N, .*What can be exported"):
        export_to(shared / "models" / name / "saved_model", scale="0..1")


def test_scores_for_each_pixel(shared: Path, export_to: ExportTo) -> None:
    """A model that scores every pixel is refused, and its output's shape is shown."""
    with pytest.raises(NotAClassifier, match=r"does not have one output with a score for each class.*dense"):
        export_to(shared / "models" / "landcover_per_pixel" / "saved_model", scale="0..1")
