"""What the user says of pixels and scores: resizes and fits of TensorFlow and Pillow, presets, activations."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from export.errors import ExportError
from export.options import PILLOW_RESIZES, PRESETS, TF_RESIZES, Options, PixelOptions
from export.preprocessing.scale import SCALES
from tests.export import models
from tests.export.comparison import check_scores, decoded, resized
from tests.export.conftest import ExportTo
from tests.export.resizes import METHODS

SIZE = (models.SIZE, models.SIZE)


@pytest.fixture(scope="module")
def network() -> Any:
    return models.network()


@pytest.fixture(scope="module")
def source(network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that says nothing of its pixels."""
    return models.save_pixels(network, tmp_path_factory.mktemp("said") / "model")


@pytest.mark.parametrize("resize", TF_RESIZES)
def test_tensorflow_resize(resize: str, source: Path, network: Any, photos: Path, export_to: ExportTo) -> None:
    """A resize of TensorFlow goes into the graph, and the scores are those behind tf.image.resize."""
    export = export_to(source, scale="0..1", resize=resize, images=photos)
    check_scores(
        export,
        photos,
        lambda data: network(tf.cast(tf.image.resize(decoded(data), SIZE, **METHODS[resize]), tf.float32) / 255.0),
    )
    assert export.info.resizing is None
    assert export.verification.parity.identical_inputs == 1


FITS: dict[str, Callable[[Image.Image, Any], Image.Image]] = {
    "stretch": lambda image, method: image.resize(SIZE[::-1], method),
    "crop": lambda image, method: ImageOps.fit(image, SIZE[::-1], method),
    "pad": lambda image, method: ImageOps.pad(image, SIZE[::-1], method),
}


@pytest.mark.parametrize(
    ("resize", "fit"),
    [*((resize, "stretch") for resize in PILLOW_RESIZES), ("pillow-box", "crop"), ("pillow-box", "pad")],
)
def test_pillow_resize(resize: str, fit: str, source: Path, network: Any, photos: Path, export_to: ExportTo) -> None:
    """A resize of Pillow is done by Pillow before the graph, and the scores are those behind Pillow's own."""
    export = export_to(source, scale="-1..1", resize=resize, fit=fit, images=photos)
    method = Image.Resampling[resize.removeprefix("pillow-").upper()]
    for path in photos.iterdir():
        image = FITS[fit](Image.open(path).convert("RGB"), method)
        batch = np.asarray(image)[np.newaxis].astype(np.float32) / 127.5 - 1
        only = photos_of(path, export.path.parent / path.stem)
        check_scores(export, only, lambda _, batch=batch: network(batch))
    assert export.info.resizing is not None
    assert export.info.resizing.method == resize
    assert export.verification.parity.identical_inputs == 1


def photos_of(path: Path, folder: Path) -> Path:
    """A folder with this picture alone."""
    folder.mkdir()
    (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_tensorflow_fit(fit: str, source: Path, network: Any, photos: Path, export_to: ExportTo) -> None:
    """Cropping is Keras's crop_to_aspect_ratio, padding tf.image.resize_with_pad."""
    fits = {
        "crop": lambda batch: models.keras.layers.Resizing(*SIZE, crop_to_aspect_ratio=True)(
            tf.cast(batch, tf.float32)
        ),
        "pad": lambda batch: tf.image.resize_with_pad(batch, *SIZE),
    }
    export = export_to(source, scale="0..1", fit=fit, images=photos)
    check_scores(export, photos, lambda data: network(fits[fit](decoded(data)) / 255.0))


def test_mean_and_deviation(source: Path, network: Any, photos: Path, export_to: ExportTo) -> None:
    """A mean and a deviation for each of red, green and blue hold for those colours, also with blue first."""
    mean, deviation = (120.0, 110.0, 100.0), (60.0, 50.0, 40.0)
    export = export_to(source, mean=mean, std=deviation, channels="bgr", images=photos)
    check_scores(export, photos, lambda data: network(((resized(data) - mean) / deviation)[..., ::-1]))


def test_upright(source: Path, network: Any, tmp_path: Path, export_to: ExportTo) -> None:
    """A picture is turned as its EXIF says where that is asked for."""
    (tmp_path / "photos").mkdir()
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, [40, 60, 3], np.uint8))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "photos" / "turned.jpg", exif=exif)
    export = export_to(source, scale="0..1", orientation="apply", images=tmp_path / "photos")
    check_scores(
        export,
        tmp_path / "photos",
        lambda data: network(tf.image.resize(tf.image.rot90(decoded(data), 3), SIZE) / 255.0),
    )


def loaded(data: bytes) -> tf.Tensor:
    """What `keras.utils.load_img` makes of a file."""
    image = models.keras.utils.load_img(io.BytesIO(data), target_size=SIZE)
    return tf.constant(models.keras.utils.img_to_array(image)[np.newaxis])


def snippet(data: bytes) -> tf.Tensor:
    """What the code that Teachable Machine shows makes of a file."""
    image = ImageOps.fit(Image.open(io.BytesIO(data)).convert("RGB"), SIZE[::-1], Image.Resampling.LANCZOS)
    return tf.constant((np.asarray(image).astype(np.float32)[np.newaxis] / 127.5) - 1)


PIPELINES: dict[str, Callable[[bytes], tf.Tensor]] = {
    "keras-image-dataset": lambda data: resized(data) / 255.0,
    "keras-load-img": lambda data: loaded(data) / 255.0,
    "teachable-machine": snippet,
    "tf-hub": lambda data: resized(data) / 255.0,
    "automl-edge": lambda data: resized(data) / 127.5 - 1,
}


def test_every_preset_is_tested() -> None:
    """The presets of OpenCV and of Teachable Machine's page have tests of their own."""
    assert PRESETS.keys() - PIPELINES.keys() == {"opencv", "teachable-machine-upload", "teachable-machine-webcam"}


@pytest.mark.parametrize("preset", PIPELINES)
def test_preset(preset: str, source: Path, network: Any, photos: Path, export_to: ExportTo) -> None:
    """A preset gives what the pipeline that it is named for gives; Keras's leave the scale to be said."""
    said = {} if PRESETS[preset].scale else {"scale": "0..1"}
    export = export_to(source, preset=preset, images=photos, **said)
    check_scores(export, photos, lambda data: network(PIPELINES[preset](data)))


@pytest.mark.parametrize("preset", PRESETS)
def test_said_wins_over_preset(preset: str) -> None:
    """Of a preset holds what is not said otherwise."""
    options = Options.from_command_line(preset=preset, resize="tf-area", scale="torch")
    assert options.pixels == PixelOptions(
        SCALES["torch"], PRESETS[preset].order, "tf-area", PRESETS[preset].fit, PRESETS[preset].orientation
    )


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"mean": (1, 2, 3)}, "--mean and --std go together"),
        ({"mean": (1, 2, 3), "std": (1, 1, 1), "scale": "0..1"}, "the same thing twice"),
        ({"mean": (1, 2, 3), "std": (1, 0, 1)}, "nothing can be divided by zero"),
    ],
)
def test_contradiction(said: dict[str, Any], message: str) -> None:
    """Options that contradict each other are refused."""
    with pytest.raises(ExportError, match=message):
        Options.from_command_line(**said)


@pytest.mark.parametrize(
    ("last", "said", "expected", "activation"),
    [
        ("softmax", None, lambda values: values, "softmax"),
        ("sigmoid", None, lambda values: values, "sigmoid"),
        (None, None, tf.nn.softmax, "softmax (added)"),
        (None, "sigmoid", tf.nn.sigmoid, "sigmoid (added)"),
        (None, "softmax", tf.nn.softmax, "softmax (added)"),
        (None, "none", lambda values: values, "none"),
    ],
)
def test_activation(
    last: str | None,
    said: str | None,
    expected: Callable[[Any], Any],
    activation: str,
    tmp_path: Path,
    photos: Path,
    export_to: ExportTo,
) -> None:
    """Probabilities stay, several labels at once too; logits get a softmax, or what is said."""
    network = models.network(activation=last)
    source = models.save_pixels(network, tmp_path / "model")
    export = export_to(source, scale="0..1", activation=said, images=photos)
    check_scores(export, photos, lambda data: expected(network(resized(data) / 255.0)))
    assert export.info.activation == activation
