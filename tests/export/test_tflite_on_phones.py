"""`.tflite` files in MediaPipe Tasks, the program that phones use, and its resize as it is measured here.

MEDIAPIPE_PYTHON names a Python that has mediapipe; it is 650 MB large, and not installed with the tests' packages.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.formats.tflite.phone import stretched
from export.options import Options
from tests.export import models
from tests.export.comparison import decoded
from tests.export.running import exported
from tests.export.test_cli import run
from tests.export.test_tflite import convert, litert

SIZE, LABELS = models.SIZE, models.LABELS


@pytest.fixture(scope="module")
def mediapipe() -> str:
    """A Python that has mediapipe."""
    named = os.environ.get("MEDIAPIPE_PYTHON")
    if not named and importlib.util.find_spec("mediapipe") is None:
        pytest.skip("mediapipe is not installed here; MEDIAPIPE_PYTHON can name a Python that has it")
    return named or sys.executable


@pytest.fixture(scope="module", params=["float32", "uint8"])
def written(request: pytest.FixtureRequest, few_pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that takes float32, and one that takes whole levels."""
    folder = tmp_path_factory.mktemp("written")

    def whole(data: tf.Tensor) -> tf.Tensor:
        pixels = tf.io.decode_image(data, channels=3, expand_animations=False)
        levels = tf.cast(tf.round(tf.image.resize(pixels, [SIZE, SIZE])), tf.uint8)
        return tf.cast(tf.ensure_shape(levels, [SIZE, SIZE, 3]), tf.float32) / 255.0

    preprocess = whole if request.param == "uint8" else models.decode_and_resize
    source = models.save_bytes(models.network(), folder / "model", preprocess, labels=LABELS)
    return exported(source, folder / "model.tflite", Options(images=few_pictures)).path


def answers(python: str, model: Path, pictures: list[Any], folder: Path) -> list[list[float]]:
    """MediaPipe's scores, in the order of LABELS, for pixels uint8 [height, width, 3]."""
    paths = [folder / f"{number}.npy" for number in range(len(pictures))]
    for path, pixels in zip(paths, pictures):
        np.save(path, np.ascontiguousarray(pixels))
    client = Path(__file__).with_name("mediapipe_client.py")
    done = subprocess.run([python, str(client), str(model), *map(str, paths)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [[json.loads(line)[label] for label in LABELS] for line in done.stdout.splitlines()]


def test_same_scores(mediapipe: str, written: Path, tmp_path: Path) -> None:
    """For pictures of the network's size MediaPipe gives each label the score that LiteRT gives it."""
    generator = np.random.default_rng(2)
    pictures = [generator.integers(0, 256, (SIZE, SIZE, 3), np.uint8) for _ in range(3)]
    expected = [litert(written, pixels[np.newaxis])[0] for pixels in pictures]
    np.testing.assert_allclose(answers(mediapipe, written, pictures, tmp_path), expected, atol=1e-6)


def test_same_resize(mediapipe: str, written: Path, few_pictures: Path, tmp_path: Path) -> None:
    """What the summary calls MediaPipe's resize is that: the scores behind it are MediaPipe's own."""
    pictures = [np.asarray(decoded(path.read_bytes())[0]) for path in sorted(few_pictures.iterdir())]
    expected = [litert(written, stretched(pixels, SIZE, SIZE)[np.newaxis])[0] for pixels in pictures]
    np.testing.assert_allclose(answers(mediapipe, written, pictures, tmp_path), expected, atol=1e-5)


def test_stretch() -> None:
    """A row of a picture lies at its number times the ratio of the sizes, and between two rows is their mixture."""
    ramp = np.tile(np.arange(0, 160, 10, dtype=np.uint8)[:, np.newaxis, np.newaxis], (1, 16, 3))
    assert stretched(ramp, 8, 16)[:, 0, 0].tolist() == [0, 20, 40, 60, 80, 100, 120, 140]
    assert stretched(ramp, 10, 4)[:, 3, 2].tolist() == [0, 16, 32, 48, 64, 80, 96, 112, 128, 144]


def test_archive(tmp_path: Path, few_pictures: Path) -> None:
    """A .tflite file in an archive is copied, and nothing but steps is on standard error when it is gone again."""
    convert(models.network(), tmp_path / "source" / "animals.tflite")
    archive = shutil.make_archive(str(tmp_path / "animals"), "zip", tmp_path / "source")
    options = ["--scale", "0..1", "--images", str(few_pictures)]
    done = run(archive, "-o", str(tmp_path / "model.tflite"), *options)
    assert done.returncode == 0, done.stderr
    assert "Not exported" not in done.stderr
    assert "INFO" not in done.stderr
    assert (tmp_path / "model.tflite").is_file()


def test_summary(few_pictures: Path, tmp_path: Path) -> None:
    """The summary says what a phone's resize does and what the file cannot say; TensorFlow's notices stay away."""
    source = models.save_bytes(models.network(), tmp_path / "animals", models.decode_and_resize, labels=LABELS)
    target, page = tmp_path / "model.tflite", tmp_path / "report.html"
    done = run(str(source), "-o", str(target), "--images", str(few_pictures), "--report", str(page))
    assert done.returncode == 0, done.stderr
    assert f"float32 [1, {SIZE}, {SIZE}, 3], resized pixels, 0 to 255" in done.stdout
    assert "resized by MediaPipe, a bilinear stretch, scores differ by at most" in done.stdout
    assert "cannot say how pictures are cropped, padded" in done.stdout
    assert "Network input" not in done.stdout
    count = len(list(few_pictures.iterdir()))
    steps = [("Verifying on pictures", count), ("Resizing as a phone does", count)]
    assert done.stderr.splitlines() == [
        "Looking for the model",
        "Loading TensorFlow",
        "Opening the model",
        "Converting the network to TFLite",
        *(f"{step}, {number} of {most}" for step, most in steps for number in (0, most)),
        "Writing the report",
    ]
    text = page.read_text(encoding="utf-8")
    assert "model.tflite answers as the original does" in text
    assert "Resized by MediaPipe" in text
    assert "model.onnx" not in text
