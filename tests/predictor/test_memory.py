"""What a picture takes: its pixels once, which onnxruntime reads where they are."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import numpy as np
from PIL import Image

from predictor import Classifier

WIDTH, HEIGHT = 1600, 1200
PIXELS = WIDTH * HEIGHT * 3  # bytes
REST = 100_000  # bytes: everything else, whatever the picture's size


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)).save(file, "JPEG")
    return file.getvalue()


def test_one_copy_of_the_pixels(digits_model: Path) -> None:
    """From the bytes of a JPEG to its labels, Python and NumPy hold its pixels once and little else."""
    classifier, data = Classifier.load(digits_model), jpeg()
    classifier.classify(data)
    tracemalloc.start()
    try:
        classifier.classify(data)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert PIXELS <= most <= PIXELS + REST
