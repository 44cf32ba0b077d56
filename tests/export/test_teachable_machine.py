"""Models of Teachable Machine and AutoML Edge: the presets on every kind of export, and what is proposed for them."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from export.errors import ExportError, MissingPreprocessing
from export.options import Options
from predictor import Classifier, Decoding, Limits, Resizing
from predictor.resizing import read
from tests.export import models
from tests.export.conftest import ExportTo
from tests.export.running import inspected
from tests.predictor.chromium_canvas import pictures

SIZE = 48
UPLOAD = "teachable-machine-upload"


def network(channels: int) -> keras.Model:
    """Random weights that tell pictures apart."""
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            keras.layers.Input([SIZE, SIZE, channels]),
            keras.layers.Conv2D(4, 5, strides=4, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some of the pictures of which it is known what Chromium draws."""
    path = tmp_path_factory.mktemp("pictures")
    for name, data in list(pictures().items())[10:40:4]:
        (path / f"{name.split()[0]}.img").write_bytes(data)
    return path


def saved(model: keras.Model, kind: str, path: Path) -> Path:
    """The model as a SavedModel, or as a `.tflite` of real numbers, uint8 or int8."""
    if kind == "saved_model":
        return models.save_pixels(model, path / "model")
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if kind != "float":
        samples = np.random.default_rng(1).uniform(-1, 1, [20, 1, *model.input_shape[1:]]).astype(np.float32)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([sample] for sample in samples)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = getattr(tf, kind)
    file = path / "model.tflite"
    with warnings.catch_warnings():  # of how tf.lite was used before calibration
        warnings.filterwarnings("ignore", "Statistics for quantized inputs")
        file.write_bytes(converter.convert())
    return file


@pytest.mark.parametrize("kind", ["saved_model", "float", "uint8", "int8"])
@pytest.mark.parametrize("channels", [3, 1])
def test_kinds(channels: int, kind: str, folder: Path, tmp_path: Path, export_to: ExportTo) -> None:
    """The presets fit colour and gray, real and whole numbers: what nobody typed is never said not to fit."""
    source = saved(network(channels), kind, tmp_path)
    export = export_to(source, preset=UPLOAD, images=folder)
    assert export.info.decoding.decoder == "chromium"
    assert export.info.requires == {"chromium-canvas": "0.2.0"}
    assert export.verification.parity.top1_agreement == 1


@pytest.mark.parametrize(
    ("preset", "method"), [(UPLOAD, "chromium-image"), ("teachable-machine-webcam", "chromium-frame")]
)
@pytest.mark.parametrize("channels", [3, 1])
def test_scores(preset: str, method: Any, channels: int, folder: Path, tmp_path: Path, export_to: ExportTo) -> None:
    """Scores are the network's for what is drawn, divided by 127 less 1, and gray as Teachable Machine weighs it."""
    model = network(channels)
    export = export_to(saved(model, "saved_model", tmp_path), preset=preset, images=folder)
    classifier = Classifier.load(export.path)
    least = SIZE if method == "chromium-image" else 0
    decoding = Decoding("accurate", decoder="chromium", orientation="apply", jpeg_least=least)
    for path in folder.iterdir():
        data = path.read_bytes()
        drawn = read(data, decoding, Resizing(method, SIZE, SIZE, "crop"), Limits()).astype(np.float32)
        values = drawn if channels == 3 else (drawn * [0.2989, 0.587, 0.114]).sum(2, keepdims=True)
        expected = np.array(model(values[np.newaxis] / 127 - 1))[0]
        np.testing.assert_allclose(classifier.scores(classifier.decode(data)), expected, atol=1e-5)


def test_typed_channels(tmp_path: Path) -> None:
    """What the user himself says is still held against the model, beside a preset too."""
    source = saved(network(1), "saved_model", tmp_path)
    with pytest.raises(ExportError, match="--channels rgb does not fit"):
        inspect(source, preset=UPLOAD, channels="rgb")


def test_fit_of_a_canvas(tmp_path: Path) -> None:
    """A canvas that would be filled in another way than the page's is refused."""
    source = saved(network(3), "saved_model", tmp_path)
    with pytest.raises(ExportError, match="shows the middle of the picture"):
        inspect(source, preset=UPLOAD, fit="stretch")


def inspect(source: Path, **options: Any) -> Any:
    return inspected(source, Options.from_command_line(**options))


def refusal(source: Path) -> str:
    with pytest.raises(MissingPreprocessing) as caught:
        inspect(source)
    return str(caught.value)


def test_numbered_labels(tmp_path: Path) -> None:
    """A labels.txt with numbers is Teachable Machine's; the command that is proposed is one that works."""
    source = saved(network(3), "saved_model", tmp_path)
    assert "Teachable Machine" not in refusal(source)
    (source / "labels.txt").write_text("0 cat\n1 dog\n2 no pet\n")
    said = refusal(source)
    assert f"`python -m export {source} --preset {UPLOAD} -o model.onnx`" in said
    assert "--preset teachable-machine-webcam" in said
    assert inspect(source, preset=UPLOAD).pipeline.preprocessing.scale.name == "127"


def test_name_of_the_archive(tmp_path: Path) -> None:
    """The zip that Teachable Machine's button makes is known by its name."""
    source = saved(network(3), "saved_model", tmp_path)
    packed = tmp_path / "converted_savedmodel.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in source.rglob("*"):
            archive.write(path, Path("model.savedmodel") / path.relative_to(source))
    assert f"Teachable Machine (converted_savedmodel.zip, model.savedmodel): `python -m export {packed}" in refusal(
        packed
    )


def test_automl_edge(tmp_path: Path) -> None:
    """A dict.txt beside a .tflite is AutoML Edge's."""
    source = saved(network(3), "float", tmp_path)
    (tmp_path / "dict.txt").write_text("cat\ndog\nno pet\n")
    assert f"`python -m export {source} --preset automl-edge -o model.onnx`" in refusal(source)


def test_nothing_is_applied(tmp_path: Path) -> None:
    """Of a model of whole numbers, which needs no scale, the preset is proposed beside what was assumed."""
    source = saved(network(3), "uint8", tmp_path)
    (tmp_path / "labels.txt").write_text("0 cat\n1 dog\n2 no pet\n")
    pipeline = inspect(source).pipeline
    assert pipeline.preprocessing.resize == "tf-bilinear"
    assert any(f"--preset {UPLOAD}" in sentence for sentence in pipeline.findings.sentences)
