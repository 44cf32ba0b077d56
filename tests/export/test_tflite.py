"""`.tflite` files, compared with LiteRT itself and with what is known of the real ones in ../shared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps

from export.errors import MissingPreprocessing
from predictor import Classifier
from tests.export import models, photographs
from tests.export.comparison import check_scores, resized
from tests.export.conftest import ExportTo

SIZE = models.SIZE


def convert(model: Any, path: Path, *, quantised_to: tuple[tf.DType, tf.DType] | None = None) -> Path:
    """The model as a file; with 8-bit weights and these types of input and output, calibrated on photographs."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if quantised_to:
        pixels = photographs.patches(50, SIZE, seed=1)[0].astype(np.float32)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([patch[np.newaxis] / 255] for patch in pixels)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type, converter.inference_output_type = quantised_to
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(converter.convert())
    return path


def litert(path: Path, batch: Any) -> npt.NDArray[np.float32]:
    """What LiteRT answers for a batch of one; quantised scores as the numbers that they stand for."""
    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    (given,), (output,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.set_tensor(given["index"], np.asarray(batch, given["dtype"]))
    interpreter.invoke()
    values = interpreter.get_tensor(output["index"])
    scale, zero = output["quantization"]
    return (values.astype(np.float32) - zero) * scale if scale else values


def levels(data: bytes, size: int = SIZE) -> Any:
    return tf.round(resized(data, (size, size)))


def test_float(tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """A float model without metadata answers, with the scale said, as LiteRT does."""
    path = convert(models.network(), tmp_path / "model.tflite")
    export = export_to(path, scale="-1..1", images=photos)
    check_scores(export, photos, lambda data: litert(path, resized(data) / 127.5 - 1.0))
    assert export.verification.parity.identical_inputs == 1


def test_float_without_scale(tmp_path: Path, export_to: ExportTo) -> None:
    """A float model without metadata shows no scale, nor do samples: its batch normalisation is folded away."""
    path = convert(models.network(), tmp_path / "model.tflite")
    with pytest.raises(MissingPreprocessing, match="does not say how they were scaled"):
        export_to(path)
    samples = photographs.save(tmp_path / "samples", photographs.patches(3, SIZE, seed=1)[0])
    with pytest.raises(MissingPreprocessing, match="remembers nothing"):
        export_to(path, samples=samples)


@pytest.mark.filterwarnings("ignore:Statistics for quantized inputs were expected")
@pytest.mark.parametrize(
    ("given", "output"),
    [(tf.uint8, tf.uint8), (tf.uint8, tf.float32), (tf.int8, tf.int8), (tf.int8, tf.float32)],
    ids=["uint8", "uint8 to float32", "int8", "int8 to float32"],
)
def test_quantised(given: tf.DType, output: tf.DType, tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """A quantised model is fed whole levels, and answers as LiteRT does, bit for bit, on made pictures too."""
    path = convert(models.network(), tmp_path / "model.tflite", quantised_to=(given, output))
    shift = 128 if given == tf.int8 else 0
    for images in (photos, None):
        export = export_to(path, images=images)
        check_scores(export, photos, lambda data: litert(path, levels(data) - shift), atol=0)
        assert export.verification.parity.max_score_difference == 0
        assert export.verification.parity.identical_inputs == 1
    assert export.subject.reference_model.likeness == "bit for bit those of LiteRT's default on x86"


def test_logits(tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """A file that ends in logits, and has labels, gets a softmax."""
    path = convert(models.network(activation=None), tmp_path / "model.tflite")
    (tmp_path / "labels.txt").write_text("\n".join(models.LABELS))
    export = export_to(path, scale="0..1", images=photos)
    check_scores(export, photos, lambda data: tf.nn.softmax(litert(path, resized(data) / 255.0)))
    assert export.info.activation == "softmax (added)"


def test_shape_after_activation(tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """An activation is known through operations that change the shape alone."""
    pixels = keras.Input((SIZE, SIZE, 3))
    scores = keras.ops.expand_dims(models.network()(pixels), 1)
    path = convert(keras.Model(pixels, scores), tmp_path / "model.tflite")
    export = export_to(path, scale="-1..1", images=photos)
    check_scores(export, photos, lambda data: litert(path, resized(data) / 127.5 - 1.0)[:, 0])
    assert export.info.activation == "softmax"


def test_teachable_machine(tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """model_unquant.tflite with its labels.txt answers as the code that Teachable Machine shows for it."""
    path = convert(models.network(classes=2), tmp_path / "health" / "converted_tflite" / "model_unquant.tflite")
    (path.parent / "labels.txt").write_text("0 Healthy\n1 Not well\n")
    export = export_to(path.parent, preset="teachable-machine", images=photos)
    assert export.info.labels == ("Healthy", "Not well")
    assert export.info.name == "health"
    for photo in photos.iterdir():
        image = ImageOps.fit(Image.open(photo).convert("RGB"), (SIZE, SIZE), Image.Resampling.LANCZOS)
        batch = (np.asarray(image).astype(np.float32) / 127.5 - 1)[np.newaxis]
        classifier = Classifier.load(export.path)
        scores = classifier.scores(classifier.decode(photo.read_bytes()))
        np.testing.assert_allclose(scores, litert(path, batch)[0], atol=2e-5)


@pytest.fixture
def real(shared: Path) -> Any:
    """A real file of ../shared, its pictures, and what LiteRT answered for each."""

    def find(name: str) -> tuple[Path, Path, dict[str, Any]]:
        (path,) = (shared / "models" / name).glob("*.tflite")
        expected = json.loads((shared / "models" / "expected.json").read_text())[name]["scores"]
        return path, shared / "images" / "photos", expected

    return find


def check_best_five(path: Path, photos: Path, expected: dict[str, Any], atol: float) -> None:
    classifier = Classifier.load(path)
    for name, answer in expected.items():
        scores = classifier.scores(classifier.decode((photos / name).read_bytes()))
        np.testing.assert_allclose(scores[answer["top5"]], answer["top5_scores"], atol=atol)
        assert scores.argmax() == answer["top5"][0]


def test_automl_edge(real: Any, export_to: ExportTo) -> None:
    """A real quantised model of AutoML Edge, with the labels inside, answers as LiteRT does, bit for bit."""
    path, photos, expected = real("automl_edge_flowers_quantized_tflite")
    export = export_to(path, images=photos)
    check_best_five(export.path, photos, expected, atol=1e-6)
    assert export.info.labels == ("daisy", "dandelion", "roses", "sunflowers", "tulips")
    assert export.verification.parity.max_score_difference == 0
    assert export.verification.parity.identical_inputs == 1


def test_metadata(real: Any, export_to: ExportTo) -> None:
    """A real float model says its scale and its labels in its metadata."""
    path, photos, expected = real("mobilenet_float_tflite")
    export = export_to(path, images=photos)
    check_best_five(export.path, photos, expected, atol=1e-4)
    assert "the file's metadata says so" in " ".join(export.subject.pipeline.findings.sentences)
    assert len(export.info.labels) == 1001
    assert export.verification.parity.identical_inputs == 1


def test_said_scale_wins_over_metadata(real: Any, export_to: ExportTo) -> None:
    """A scale that the user says holds whatever the metadata says."""
    path, photos, _ = real("mobilenet_float_tflite")
    export = export_to(path, images=photos, scale="0..1")
    check_scores(export, photos, lambda data: litert(path, resized(data, (224, 224)) / 255.0), atol=1e-4)


def test_labels_beside(tmp_path: Path, photos: Path, export_to: ExportTo) -> None:
    """AutoML Edge's dict.txt beside the file names the classes where the file itself does not."""
    path = convert(models.network(), tmp_path / "flowers" / "model.tflite")
    (path.parent / "dict.txt").write_text("daisy\ndandelion\nroses\nsunflowers\ntulips\n")
    export = export_to(path, preset="automl-edge", images=photos)
    assert export.info.labels == ("daisy", "dandelion", "roses", "sunflowers", "tulips")
