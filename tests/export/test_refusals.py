"""What is refused, as a user reads it: one sentence of why, one of what to do, exit code 1, nothing written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
from click.testing import CliRunner

from export.__main__ import main
from export.graph import flatten
from tests.export import models, signatures
from tests.export.signatures import FILES, PIXELS, Signature, decoded

NETWORK = models.network(activation=None)
CHOOSE = "Export the part of it that classifies a single picture, or choose another signature with --signature."
NO_PICTURE = (
    "which is no picture. What can be exported takes image files (strings), or pixels: [N, height, width, 3], "
    "[N, 3, height, width], and with 1 for gray pictures, or [N, height, width]."
)
EXPORTABLE = "An output that can be exported is a float [N, classes]."


def logits(files: tf.Tensor) -> tf.Tensor:
    return NETWORK(decoded(files))


def files(answer: Callable[[tf.Tensor], dict[str, tf.Tensor]]) -> Signature:
    """A signature that gives what `answer` makes of the logits for files."""
    return (lambda data: answer(logits(data)), [FILES])


def of_shape(*shape: int | None) -> Signature:
    """A signature that takes an input of this shape, and gives five scores."""
    size = [size or 1 for size in shape]
    weights = tf.ones([size[-1], len(models.LABELS)])
    return (
        lambda values: {"scores": tf.matmul(tf.reshape(values, [-1, size[-1]]), weights)},
        [tf.TensorSpec(shape, tf.float32, name="values")],
    )


REFUSALS: dict[str, tuple[Signature, str]] = {
    "per pixel": (
        files(lambda logits: {"mask": tf.ones([1, 24, 24, 1]) * logits[:, tf.newaxis, tf.newaxis]}),
        "The signature 'serving_default' has no output with one score for each class. Its outputs: mask (float32 "
        f"[N, 24, 24, 5]). Scores for every pixel or place are not a classifier's. {EXPORTABLE}",
    ),
    "best class alone": (
        files(lambda logits: {"class": tf.argmax(logits, 1), "confidence": tf.reduce_max(tf.nn.softmax(logits), 1)}),
        "The signature 'serving_default' has no output with one score for each class. Its outputs: class (int64 [N]), "
        f"confidence (float32 [N]). {EXPORTABLE}",
    ),
    "boxes": (
        files(lambda logits: {"detection_boxes": logits[:, :4, tf.newaxis] * tf.ones([4]), "detection_scores": logits}),
        "The signature 'serving_default' finds objects: its output 'detection_boxes' holds boxes. Only models that "
        "give one score for each class of the whole picture can be exported.",
    ),
    "boxes without names": (
        files(lambda logits: {"output_0": logits[:, :, tf.newaxis] * tf.ones([4]), "output_1": logits}),
        "The signature 'serving_default' finds objects: its output 'output_0' holds boxes. Only models that give one "
        "score for each class of the whole picture can be exported.",
    ),
    "sorted upwards": (
        files(lambda logits: {"scores": tf.sort(tf.nn.softmax(logits))}),
        "The model sorts its scores in a way that is not understood, so that they do not say which class they belong "
        "to. Export it without the sorting, or choose another output with --output.",
    ),
    "dropout": (
        files(lambda logits: {"scores": tf.nn.softmax(tf.nn.dropout(logits, 0.5))}),
        "The model gives another answer for the same picture each time it is asked (a dropout or augmentation layer "
        "was left on when it was saved). Save it with training=False; in Keras 3 with keras.Model(model.inputs, "
        "model(model.inputs, training=False)).export(FOLDER).",
    ),
    "operation that ONNX lacks": (
        files(lambda logits: {"scores": tf.nn.softmax(tf.math.lgamma(tf.abs(logits) + 1))}),
        "The graph uses operations that ONNX does not have: Lgamma. Build it without them.",
    ),
    "flat pixels": (of_shape(None, 784), f"The input 'values' is float32 [N, 784], {NO_PICTURE}"),
    "13 bands": (of_shape(None, 64, 64, 13), f"The input 'values' is float32 [N, 64, 64, 13], {NO_PICTURE}"),
    "two pictures as pixels": (
        (
            lambda left, right: {"scores": NETWORK(left) + NETWORK(right)},
            [PIXELS, tf.TensorSpec(PIXELS.shape, tf.float32, name="right")],
        ),
        "The signature 'serving_default' takes more than a picture. Its inputs: pixels (float32 [N, 24, 24, 3]), right "
        f"(float32 [N, 24, 24, 3]). {CHOOSE}",
    ),
    "two pictures as files": (
        (
            lambda left, right: {"scores": logits(left) + logits(right)},
            [FILES, tf.TensorSpec([None], tf.string, name="right")],
        ),
        f"The model decodes 2 pictures for one answer. {CHOOSE}",
    ),
    "numbers beside the picture": (
        (
            lambda data, numbers: {"scores": logits(data) + numbers},
            [FILES, tf.TensorSpec([None, len(models.LABELS)], tf.float32, name="numbers")],
        ),
        "The signature 'serving_default' takes more than a picture. Its inputs: image_bytes (string [N]), numbers "
        f"(float32 [N, 5]). {CHOOSE}",
    ),
    "text": (
        (
            lambda text: {"scores": tf.matmul(tf.cast(tf.strings.length(text), tf.float32)[:, None], tf.ones([1, 3]))},
            [tf.TensorSpec([None], tf.string, name="text")],
        ),
        "The model takes strings, and decodes no image from them: it does not classify pictures. Give another model, "
        "or choose another signature or output with --signature or --output.",
    ),
    "no network": (
        (lambda data: {"scores": tf.nn.softmax(tf.reduce_mean(decoded(data), [1, 2]))}, [FILES]),
        "There is no layer with weights between the picture and the scores, so no network to export. Give another "
        "model, or choose another output with --output.",
    ),
    "four files at a time": (
        (lambda data: {"scores": logits(data)}, [tf.TensorSpec([4], tf.string, name="image_bytes")]),
        "The model takes 4 files at a time, not one. Export it for a batch of any size.",
    ),
    "another kind of file": (
        (
            lambda data: {
                "scores": NETWORK(
                    tf.ensure_shape(tf.image.resize(tf.io.decode_bmp(data, 3), [24, 24]), [24, 24, 3])[tf.newaxis]
                )
            },
            [tf.TensorSpec([], tf.string, name="bmp")],
        ),
        "The original answers none of the JPEG and PNG files made to test it: Trying to decode JPEG format using "
        "DecodeBmp op. Use `decode_jpeg` or `decode_image` instead. See whether it answers for a picture in TensorFlow "
        "itself.",
    ),
}


def refused(model: Path, target: Path) -> str:
    """What is said on the terminal's standard error when a model is not exported."""
    done = CliRunner().invoke(main, [str(model), "-o", str(target)])
    assert done.exit_code == 1
    assert list(target.parent.iterdir()) == []
    return done.stderr


@pytest.mark.parametrize("kind", REFUSALS)
def test_refusals(kind: str, tmp_path: Path) -> None:
    """What is no classifier of single pictures is refused with these very words."""
    signature, sentences = REFUSALS[kind]
    folder = signatures.save(tmp_path / "model", {"serving_default": signature}, network=NETWORK)
    (tmp_path / "target").mkdir()
    assert refused(folder, tmp_path / "target" / "model.onnx").splitlines()[-1] == f"Not exported. {sentences}"


def test_weights_over_two_gigabytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Weights that no ONNX file can hold are refused before they are converted."""
    monkeypatch.setattr(flatten, "LARGEST_WEIGHTS", 10_000)  # in place of 2 GB, so that the test need not write them
    folder = signatures.save_default(tmp_path / "model", lambda logits: {"scores": tf.nn.softmax(logits)})
    (tmp_path / "target").mkdir()
    said = refused(folder, tmp_path / "target" / "model.onnx")
    assert "its weights take 0.0 GB, and an ONNX file holds at most 2. Export a smaller network." in said


def test_landcover(shared: Path, tmp_path: Path) -> None:
    """A real model with an answer for every pixel is refused."""
    folder = shared / "models" / "landcover_per_pixel" / "saved_model"
    said = refused(folder, tmp_path / "model.onnx")
    assert "Its outputs: dense (float32 [N, any, any, 9]). Scores for every pixel or place are not a" in said
    assert "Traceback" not in said
