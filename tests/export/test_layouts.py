"""Models that take pixels in every arrangement, type and size of batch that there is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from export.errors import ExportError, MissingPreprocessing
from tests.export import models
from tests.export.comparison import check_scores, decoded, resized
from tests.export.conftest import ExportTo

SIZE = models.SIZE
ARRANGEMENTS: dict[str, tuple[list[int | None], Callable[[Any], Any], Callable[[Any], Any]]] = {
    "colours last": ([None, SIZE, SIZE, 3], lambda batch: batch, lambda batch: batch),
    "colours first": (
        [None, 3, SIZE, SIZE],
        lambda batch: tf.transpose(batch, [0, 3, 1, 2]),
        lambda batch: tf.transpose(batch, [0, 2, 3, 1]),
    ),
    "gray": ([None, SIZE, SIZE, 1], lambda batch: batch, lambda batch: batch),
    "gray first": (
        [None, 1, SIZE, SIZE],
        lambda batch: tf.transpose(batch, [0, 3, 1, 2]),
        lambda batch: tf.transpose(batch, [0, 2, 3, 1]),
    ),
    "gray without channel": (
        [None, SIZE, SIZE],
        lambda batch: tf.squeeze(batch, 3),
        lambda batch: batch[..., tf.newaxis],
    ),
}
"""The input's shape, what arranges a batch [N, H, W, channels] so, and what undoes it."""


def serve(folder: Path, model: Any, spec: tf.TensorSpec, before: Callable[[Any], Any]) -> Path:
    """A SavedModel whose signature takes `spec` and calls the model on what `before` makes of it."""
    return models.save_signature(model, folder, lambda pixels: {"scores": model(before(pixels))}, spec)


@pytest.fixture
def any_size() -> Any:
    """A network that takes pictures of any size."""
    layers = models.keras.layers
    return models.keras.Sequential(
        [
            layers.Input([None, None, 3]),
            layers.Conv2D(8, 3, activation="relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(4, activation="softmax"),
        ]
    )


@pytest.mark.parametrize("dtype", ["float32", "float16", "uint8", "int32"])
@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_layout(arrangement: str, dtype: str, tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """The model answers as TensorFlow does for pictures arranged and typed as its input says."""
    shape, arranged, restored = ARRANGEMENTS[arrangement]
    channels = 1 if "gray" in arrangement else 3
    model = models.network(channels=channels)
    spec = tf.TensorSpec(shape, dtype, name="pixels")
    is_integer = spec.dtype.is_integer

    def as_trained(pixels: Any) -> Any:
        return tf.cast(restored(pixels), tf.float32) / (255.0 if is_integer else 1.0)

    def expected(data: bytes) -> Any:
        batch = resized(data, channels=channels)
        fed = tf.round(batch) if is_integer else batch / 255.0
        return model(as_trained(tf.cast(arranged(fed), dtype)))

    source = serve(tmp_path / "model", model, spec, as_trained)
    export = export_to(source, scale=None if is_integer else "0..1", images=photos)
    # Half precision turns the last bit of float32 into three digits of scores.
    check_scores(export, photos, expected, atol=1e-3 if dtype == "float16" else 2e-5)
    assert export.verification.parity.identical_inputs == 1


@pytest.mark.parametrize("batch", [1, 6])
def test_fixed_batch(batch: int, any_size: Any, tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """A model for batches of a fixed size whose graph takes any is exported for one picture."""
    model = any_size
    spec = tf.TensorSpec([batch, SIZE, SIZE, 3], tf.float32, name="pixels")
    export = export_to(serve(tmp_path / "model", model, spec, lambda pixels: pixels), scale="0..1", images=photos)
    check_scores(export, photos, lambda data: model(resized(data) / 255.0))
    assert models.largest_batch(export.path) == 1
    assert export.verification.parity.identical_inputs == 1


@pytest.mark.parametrize("before", [lambda pixels: pixels, lambda pixels: tf.reshape(pixels, [6, SIZE, SIZE, 3])])
def test_batch_in_the_graph(before: Callable[[Any], Any], tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """A model whose graph insists on its batch, as Flatten does, is fed the picture as often; the first counts."""
    model = models.network()
    spec = tf.TensorSpec([6, SIZE, SIZE, 3], tf.float32, name="pixels")
    export = export_to(serve(tmp_path / "model", model, spec, before), scale="0..1", images=photos)
    check_scores(export, photos, lambda data: model(resized(data) / 255.0))
    assert models.largest_batch(export.path) == 6
    assert export.verification.parity.identical_inputs == 1


def test_any_size(any_size: Any, tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """A model that takes any size is exported for the size that the user says."""
    export = export_to(models.save_pixels(any_size, tmp_path / "model"), scale="-1..1", size=(30, 50), images=photos)
    check_scores(export, photos, lambda data: any_size(resized(data, (30, 50)) / 127.5 - 1.0))
    assert "resize to 30 x 50, tf-bilinear" in export.info.preprocessing


def test_missing_size(any_size: Any, tmp_path: Path, export_to: ExportTo) -> None:
    """Without --size the message says what is missing."""
    with pytest.raises(MissingPreprocessing, match="--size HEIGHT WIDTH"):
        export_to(models.save_pixels(any_size, tmp_path / "model"), scale="0..255")


def test_any_size_with_resize_inside(any_size: Any, tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """A model that resizes pictures of any size itself is fed them as decoded."""
    layers = models.keras.layers
    steps = [layers.Input([None, None, 3]), layers.Resizing(40, 30), layers.Rescaling(1 / 127.5, -1), any_size]
    model = models.keras.Sequential(steps)
    export = export_to(models.save_pixels(model, tmp_path / "model"), images=photos)
    check_scores(export, photos, lambda data: model(tf.cast(decoded(data), tf.float32)))
    assert export.verification.parity.identical_inputs == 1


def test_wrong_size(tmp_path: Path, export_to: ExportTo) -> None:
    """A size that the model does not take is refused."""
    source = models.save_pixels(models.network(), tmp_path / "model")
    with pytest.raises(ExportError, match="--size 30 24 does not fit"):
        export_to(source, scale="0..1", size=(30, SIZE))


@pytest.mark.parametrize(("channels", "order"), [(1, "bgr"), (3, "gray")])
def test_wrong_channels(channels: int, order: str, tmp_path: Path, export_to: ExportTo) -> None:
    """Channels that the model does not take are refused."""
    source = models.save_pixels(models.network(channels=channels), tmp_path / "model")
    with pytest.raises(ExportError, match=f"--channels {order} does not fit"):
        export_to(source, scale="0..1", channels=order)
