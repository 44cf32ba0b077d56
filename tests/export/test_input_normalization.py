"""Models that take pixels and begin with layers that say how they want them: found, and fed so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from export.errors import MissingPreprocessing, NotAClassifier
from export.options import Options
from tests.export import models, photographs
from tests.export.comparison import check_scores, decoded, resized
from tests.export.conftest import ExportTo
from tests.export.running import inspected

SIZE = models.SIZE
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
LAYERS = keras.layers


def adapted(divisor: float = 1) -> Any:
    """A Normalization that has looked at photographs."""
    layer = LAYERS.Normalization()
    layer.adapt(photographs.patches(50, SIZE, seed=1)[0].astype(np.float32) / divisor)
    return layer


def caffe(pixels: Any) -> Any:
    return pixels[..., ::-1] - tf.constant([103.939, 116.779, 123.68])


def torch(pixels: Any) -> Any:
    return (pixels / 255.0 - tf.constant(MEAN)) / tf.constant(DEVIATION)


HEADS: dict[str, tuple[str, Any]] = {
    "Rescaling to 0..1": ("0..255", LAYERS.Rescaling(1 / 255)),
    "Rescaling to -1..1": ("0..255", LAYERS.Rescaling(1 / 127.5, offset=-1)),
    "Normalization of levels": ("0..255", adapted()),
    "Normalization of 0..1": ("0..1", adapted(255)),
    "Rescaling, Normalization": ("0..255", keras.Sequential([LAYERS.Rescaling(1 / 255), adapted(255)])),
    "caffe": ("0..255", caffe),
    "torch": ("0..255", torch),
    "torch of 0..1": ("0..1", lambda pixels: (pixels - tf.constant(MEAN)) / tf.constant(DEVIATION)),
    "x * 2 - 1": ("0..1", lambda pixels: pixels * 2.0 - 1.0),
    "(x + 1) / 2": ("-1..1", lambda pixels: (pixels + 1.0) / 2.0),
    "blue first": ("0..255", lambda pixels: pixels[..., ::-1] / 255.0),
}
"""What pixels the model wants, and what it does to them."""


def save(folder: Path, normalization: Any, network: Any, shape: tuple[int | None, ...] = (None, SIZE, SIZE, 3)) -> Path:
    return models.save_signature(
        network,
        folder,
        lambda pixels: {"scores": network(normalization(pixels), training=False)},
        tf.TensorSpec(shape, tf.float32, name="pixels"),
    )


@pytest.mark.parametrize("name", HEADS)
def test_normalization(name: str, tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """The model is fed what its input normalization is made for, says so, and answers as in TensorFlow."""
    scale, normalization = HEADS[name]
    network = models.network()
    export = export_to(save(tmp_path / "model", normalization, network), images=photos)
    fed = {"0..255": lambda pixels: pixels, "0..1": lambda pixels: pixels / 255.0, "-1..1": lambda p: p / 127.5 - 1.0}
    check_scores(export, photos, lambda data: network(normalization(fed[scale](resized(data)))))
    assert f"it is fed {scale}" in " ".join(export.subject.pipeline.findings.sentences)
    assert export.verification.parity.identical_inputs == 1


@pytest.mark.parametrize("normalization", [lambda pixels: pixels, lambda pixels: pixels[..., ::-1]])
def test_normalization_that_says_nothing(normalization: Any, tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """A normalization that leaves the levels as they are shows no scale: nothing is exported."""
    with pytest.raises(MissingPreprocessing, match="does not say how they were scaled"):
        export_to(save(tmp_path / "model", normalization, models.network()), images=photos)


def test_missing_scale_shows_answers(tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """Without a scale the error's table holds what the model answers for each scale on the pictures."""
    network = models.network()
    with pytest.raises(MissingPreprocessing) as caught:
        export_to(save(tmp_path / "model", lambda pixels: pixels, network), images=photos)
    (table,) = caught.value.findings.tables
    data = (photos / table.columns[1]).read_bytes()
    rows = {row[0]: row[1] for row in table.rows}
    for scale, batch in {"0..1": resized(data) / 255.0, "caffe": caffe(resized(data))}.items():
        scores = network(batch)[0].numpy()
        assert rows[scale] == f"class_{scores.argmax()} {scores.max():.0%}"


def test_said_scale_wins_over_normalization(tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """A scale that the user says holds whatever the first layers do."""
    network, normalization = models.network(), LAYERS.Rescaling(1 / 255)
    export = export_to(save(tmp_path / "model", normalization, network), images=photos, scale="-1..1")
    check_scores(export, photos, lambda data: network(normalization(resized(data) / 127.5 - 1.0)))


def test_learned_normalization(tmp_path: Path) -> None:
    """A batch normalisation in front is no input normalization: its pixels were scaled somehow."""
    keras.utils.set_random_seed(1)
    network = keras.Sequential([LAYERS.Input([SIZE, SIZE, 3]), LAYERS.BatchNormalization(), models.network()])
    network.layers[0].set_weights([np.full(3, value, np.float32) for value in (1, 0, 0.03, 1.1)])
    source = save(tmp_path / "model", lambda pixels: pixels, network)
    with pytest.raises(MissingPreprocessing, match="does not say how they were scaled"):
        inspected(source, Options())


INSIDE: dict[str, list[Any]] = {
    "Resizing": [LAYERS.Resizing(SIZE, SIZE)],
    "Resizing nearest": [LAYERS.Resizing(SIZE, SIZE, interpolation="nearest")],
    "Resizing bicubic": [LAYERS.Resizing(SIZE, SIZE, interpolation="bicubic")],
    "Resizing antialias": [LAYERS.Resizing(SIZE, SIZE, antialias=True)],
    "Resizing lanczos3 antialias": [LAYERS.Resizing(SIZE, SIZE, interpolation="lanczos3", antialias=True)],
    "Resizing crop": [LAYERS.Resizing(SIZE, SIZE, crop_to_aspect_ratio=True)],
    "Resizing pad": [LAYERS.Resizing(SIZE, SIZE, pad_to_aspect_ratio=True)],
    "CenterCrop": [LAYERS.Resizing(40, 32), LAYERS.CenterCrop(SIZE, SIZE)],
    "CenterCrop alone": [LAYERS.CenterCrop(SIZE, SIZE)],
    "augmentation": [
        LAYERS.Resizing(SIZE, SIZE),
        LAYERS.RandomFlip(),
        LAYERS.RandomRotation(0.2),
        LAYERS.RandomZoom(0.1),
        LAYERS.RandomContrast(0.2),
        LAYERS.RandomBrightness(0.2),
        LAYERS.RandomTranslation(0.1, 0.1),
    ],
}


@pytest.mark.parametrize("name", INSIDE)
def test_layers_inside(name: str, tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """A Keras model for pictures of any size that fits and scales them itself sees what it sees in TensorFlow."""
    steps = [LAYERS.Input([None, None, 3]), *INSIDE[name], LAYERS.Rescaling(1 / 255), models.network()]
    model = keras.Sequential(steps)
    source = save(tmp_path / "model", lambda pixels: pixels, model, (None, None, None, 3))
    export = export_to(source, images=photos)
    assert export.info.resizing is None
    check_scores(export, photos, lambda data: model(tf.cast(decoded(data), tf.float32), training=False))
    assert export.verification.parity.identical_inputs == 1


def test_augmentation_left_on(tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """What Keras's own `export` makes of augmentation layers answers at random, and is refused."""
    steps = [LAYERS.Input([SIZE, SIZE, 3]), LAYERS.RandomRotation(0.2), LAYERS.Rescaling(1 / 255), models.network()]
    source = models.save_pixels(keras.Sequential(steps), tmp_path / "model")
    with pytest.raises(NotAClassifier, match="another answer for the same picture each time"):
        export_to(source, images=photos)


@pytest.mark.parametrize("name", ["EfficientNetB0", "MobileNetV3Small"])
def test_application(name: str, tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """A network of keras.applications that holds its preprocessing is fed levels of 0 to 255."""
    keras.utils.set_random_seed(1)
    model = getattr(keras.applications, name)(weights=None, input_shape=(64, 64, 3), classes=5)
    export = export_to(models.save_pixels(model, tmp_path / "model"), images=photos)
    check_scores(export, photos, lambda data: model(resized(data, (64, 64)), training=False))
    assert "it is fed 0..255" in " ".join(export.subject.pipeline.findings.sentences)
    assert export.verification.parity.identical_inputs == 1
