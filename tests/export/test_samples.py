"""What the first batch normalisation remembers: networks trained here on real pictures, each scaled in another way."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from export.errors import MissingPreprocessing
from export.opening import Subject
from export.options import Options
from export.preprocessing import samples
from tests.export import models, photographs
from tests.export.comparison import check_scores, resized
from tests.export.conftest import ExportTo
from tests.export.running import inspected

SIZE = 32
LAYERS = keras.layers
MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


def network(*first: Any) -> Any:
    """A network of these layers and a classifying end, not yet trained."""
    return keras.Sequential(
        [
            LAYERS.Input([SIZE, SIZE, 3]),
            *first,
            LAYERS.GlobalAveragePooling2D(),
            LAYERS.Dense(len(photographs.SCENES), activation="softmax"),
        ]
    )


def normalised(**options: Any) -> Any:
    """A batch normalisation whose statistics have settled after some hundred steps."""
    return LAYERS.BatchNormalization(momentum=0.9, **options)


def as_keras(model: Any, folder: Path) -> Path:
    return models.save_pixels(model, folder)


def as_fused(model: Any, folder: Path) -> Path:
    """The model with its second layer as the operation that TensorFlow 1 and Keras 2 write."""
    convolution, normalisation, *others = model.layers
    gamma, beta, mean, variance = normalisation.weights

    def serve(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        values = tf.raw_ops.FusedBatchNormV3(
            x=convolution(pixels),
            scale=gamma,
            offset=beta,
            mean=mean,
            variance=variance,
            epsilon=normalisation.epsilon,
            is_training=False,
        ).y
        for layer in others:
            values = layer(values)
        return {"scores": values}

    return models.save_signature(model, folder, serve, tf.TensorSpec([None, SIZE, SIZE, 3], tf.float32, name="pixels"))


TRAINED: dict[str, tuple[str, str, Callable[[Any], Any], Callable[[], Any], Callable[[Any, Path], Path]]] = {
    "Keras": (
        "caffe",
        "bgr",
        lambda pixels: pixels[..., ::-1] - np.float32([103.939, 116.779, 123.68]),
        lambda: network(LAYERS.Conv2D(16, 3, strides=2, use_bias=False), normalised(), LAYERS.ReLU()),
        as_keras,
    ),
    "without scale": (
        "torch",
        "rgb",
        lambda pixels: (pixels / 255 - MEAN) / DEVIATION,
        lambda: network(LAYERS.Conv2D(16, 3, strides=2), normalised(scale=False), LAYERS.ReLU()),
        as_keras,
    ),
    "deeper": (
        "-1..1",
        "rgb",
        lambda pixels: pixels / 127.5 - 1,
        lambda: network(
            LAYERS.Conv2D(16, 3, strides=2, activation="relu"), LAYERS.Conv2D(16, 3), normalised(), LAYERS.ReLU()
        ),
        as_keras,
    ),
    "fused": (
        "0..1",
        "bgr",
        lambda pixels: pixels[..., ::-1] / 255,
        lambda: network(LAYERS.Conv2D(16, 3, strides=2, use_bias=False), normalised(), LAYERS.ReLU()),
        as_fused,
    ),
    "before the first layer": (
        "0..255",
        "rgb",
        lambda pixels: pixels,
        lambda: network(normalised(), LAYERS.Conv2D(16, 3, strides=2), LAYERS.ReLU()),
        as_keras,
    ),
}
"""The right scale and order, what they do, the network, and how it is saved."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Any]]:
    """Train a network of TRAINED once, and give the SavedModel and the network."""
    made: dict[str, tuple[Path, Any]] = {}
    pixels, labels = photographs.patches(2000, SIZE, seed=1)

    def train(name: str) -> tuple[Path, Any]:
        if name not in made:
            _, _, scaled, build, save = TRAINED[name]
            keras.utils.set_random_seed(1)
            model = build()
            model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
            model.fit(scaled(pixels.astype(np.float32)), labels, batch_size=16, epochs=2, verbose=0)
            made[name] = save(model, tmp_path_factory.mktemp("trained") / "model"), model
        return made[name]

    return train


@pytest.fixture(scope="module")
def like_training(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Other parts of the photographs that the networks were trained on."""
    return photographs.save(tmp_path_factory.mktemp("samples"), photographs.patches(60, SIZE, seed=2)[0])


def inspect(source: Path, **options: Any) -> Subject:
    return inspected(source, Options.from_command_line(**options))


def divergences(subject: Subject) -> dict[tuple[str, ...], float]:
    (table,) = subject.pipeline.findings.tables
    return {row[:2]: float(row[2]) for row in table.rows}


@pytest.mark.parametrize("name", TRAINED)
def test_samples(
    name: str, trained: Callable[[str], Any], like_training: Path, photos: Path, export_to: ExportTo
) -> None:
    """The right scale and order have much less divergence than any other, and the file answers as trained."""
    scale, order, scaled, *_ = TRAINED[name]
    source, model = trained(name)
    export = export_to(source, samples=like_training, images=photos)
    found = divergences(export.subject)
    others = [value for candidate, value in found.items() if candidate[0] != scale]
    assert min(found, key=lambda candidate: found[candidate]) == (scale, order)
    assert min(others) > 4 * samples.CLEARLY_BETTER * found[scale, order]
    assert f"channels {order}: " in " ".join(export.subject.pipeline.findings.sentences)
    check_scores(export, photos, lambda data: model(scaled(resized(data, (SIZE, SIZE)))))
    assert export.verification.parity.identical_inputs == 1


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of noise and of one colour each."""
    generator = np.random.default_rng(1)
    colours = np.broadcast_to(generator.integers(0, 256, [10, 1, 1, 3], np.uint8), [10, SIZE, SIZE, 3])
    pixels = np.concatenate([generator.integers(0, 256, [20, SIZE, SIZE, 3], np.uint8), colours])
    return photographs.save(tmp_path_factory.mktemp("noise"), pixels)


@pytest.mark.parametrize("name", TRAINED)
def test_other_samples(name: str, trained: Callable[[str], Any], photos: Path, noise: Path) -> None:
    """Photographs of other sizes, or even noise, show the right scale or none."""
    scale = TRAINED[name][0]
    for folder in (photos, noise):
        with contextlib.suppress(MissingPreprocessing):
            found = divergences(inspect(trained(name)[0], samples=folder))
            assert min(found, key=lambda candidate: found[candidate])[0] == scale


def test_said_channels(trained: Callable[[str], Any], like_training: Path) -> None:
    """An order of channels that is said is the only one tried."""
    subject = inspect(trained("deeper")[0], samples=like_training, channels="rgb")
    assert {order for _, order in divergences(subject)} == {"rgb"}
    assert not any("channels" in sentence for sentence in subject.pipeline.findings.sentences)


@pytest.mark.parametrize("name", TRAINED)
def test_dark_samples(name: str, trained: Callable[[str], Any], tmp_path: Path) -> None:
    """Samples that look like nothing in training do not decide: the table is shown, and nothing taken."""
    dark = photographs.patches(20, SIZE, seed=2)[0] // 8
    with pytest.raises(MissingPreprocessing, match="samples do not decide") as caught:
        inspect(trained(name)[0], samples=photographs.save(tmp_path, dark))
    (table,) = caught.value.findings.tables
    assert table.columns == ("scale", "channels", "divergence")
    assert len(table.rows) == 10


@pytest.mark.parametrize(
    "model", [models.network(size=SIZE), network(LAYERS.Conv2D(4, 3))], ids=["untrained", "without normalisation"]
)
def test_nothing_remembered(model: Any, like_training: Path, tmp_path: Path) -> None:
    """A network without statistics of its training's pixels is not judged by samples."""
    with pytest.raises(MissingPreprocessing, match="remembers nothing"):
        inspect(models.save_pixels(model, tmp_path / "model"), samples=like_training)
