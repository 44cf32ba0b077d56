"""Models that take pixels: decoding, resizing and scaling are put in front."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from export.errors import ExportError, MissingPreprocessing, NotAClassifier
from export.verify import pictures
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


def test_channels_first(shared: Path, export_to: ExportTo) -> None:
    """A real channel-first model chooses the classes, with the logits, that TensorFlow chose for ../shared."""
    models_folder, photos = shared / "models", shared / "images" / "photos"
    export = export_to(models_folder / "mcunet_nchw_logits" / "saved_model", scale="-1..1", images=photos)
    expected = json.loads((models_folder / "expected.json").read_text())["mcunet_nchw_logits"]["scores"]
    classifier = Classifier.load(export.path)
    for name, answer in expected.items():
        scores = classifier.scores(classifier.decode((photos / name).read_bytes()))
        assert np.argsort(-scores)[:5].tolist() == answer["top5"]
        differences = np.diff(answer["top5_logits"])
        np.testing.assert_allclose(np.diff(np.log(scores[answer["top5"]])), differences, atol=1e-3)
    assert export.verification.parity.identical_inputs == 1


def test_scale_of_whole_levels(tmp_path: Path, export_to: ExportTo) -> None:
    """A model that takes uint8 pixels takes no scale."""
    layers = models.keras.layers
    inputs = layers.Input([models.SIZE, models.SIZE, 3], dtype="uint8")
    model = models.keras.Model(inputs, models.network()(layers.Rescaling(1 / 255)(inputs)))
    with pytest.raises(ExportError, match=r"uint8 .* cannot be scaled to 0\.\.1"):
        export_to(models.save_pixels(model, tmp_path / "model"), scale="0..1")


@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_two_classes(activation: str | None, tmp_path: Path, export_to: ExportTo) -> None:
    """One sigmoid unit, or its logit, becomes the scores of two classes that add to one."""
    model = models.network(classes=1, activation=activation)
    (tmp_path / "labels.txt").write_text("cat\ndog\n")
    export = export_to(models.save_pixels(model, tmp_path / "model"), scale="0..1", labels=tmp_path / "labels.txt")
    data = pictures.made()[0].read()
    resized = tf.image.resize(tf.io.decode_image(data, channels=3), [models.SIZE, models.SIZE])
    value = model(resized[tf.newaxis] / 255.0)[0]
    dog = value if activation else tf.sigmoid(value)
    scores = {p.label: p.score for p in Classifier.load(export.path).classify(data)}
    assert scores["dog"] == pytest.approx(float(dog[0]), abs=2e-5)
    assert scores["cat"] + scores["dog"] == pytest.approx(1)
    assert export.info.activation.endswith("as two classes")


def test_exact_gelu(tmp_path: Path, export_to: ExportTo) -> None:
    """A network with Keras's exact GELU, whose Erfc ONNX lacks, is exported all the same."""
    layers = models.keras.layers
    model = models.keras.Sequential(
        [
            layers.Input([models.SIZE, models.SIZE, 3]),
            layers.Conv2D(8, 3, activation="gelu"),
            models.network(size=22, channels=8),
        ]
    )
    source = models.save_pixels(model, tmp_path / "model")
    assert b"Erfc" in (source / "saved_model.pb").read_bytes()
    assert export_to(source, scale="-1..1").verification.parity.max_score_difference < 1e-5


def test_scores_with_ones_between(tmp_path: Path, export_to: ExportTo) -> None:
    """An output [N, 1, 1, classes] is an output [N, classes]."""
    layers = models.keras.layers
    model = models.keras.Sequential([models.network(), layers.Reshape([1, 1, len(models.LABELS)])])
    assert len(export_to(models.save_pixels(model, tmp_path / "model"), scale="0..1").info.labels) == 5


def test_gray_pixels(shared: Path, export_to: ExportTo) -> None:
    """A real model of gray pictures, without a dimension for the channel, sees what `decode_image(channels=1)` gives.

    ../shared has its answers for pictures turned gray after the resize, which differ by a level here and there.
    """
    models_folder, photos = shared / "models", shared / "images" / "photos"
    export = export_to(models_folder / "keras3_fashion_logits" / "saved_model", scale="0..1", images=photos)
    expected = json.loads((models_folder / "expected.json").read_text())["keras3_fashion_logits"]["logits"]
    classifier = Classifier.load(export.path)
    for name, logits in expected.items():
        scores = classifier.scores(classifier.decode((photos / name).read_bytes()))
        np.testing.assert_allclose(scores, tf.nn.softmax(logits), atol=0.01)
    assert export.verification.parity.identical_inputs == 1
    assert export.verification.parity.max_score_difference < 1e-5


def test_scores_for_each_pixel(shared: Path, export_to: ExportTo) -> None:
    """A model that scores every pixel is refused, and its output's shape is shown."""
    with pytest.raises(NotAClassifier, match=r"has no output with one score for each class.*dense"):
        export_to(shared / "models" / "landcover_per_pixel" / "saved_model", scale="0..1")
