"""What an exported file answers, beside what TensorFlow computes from the same files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from export.exporter import Export
from predictor import Classifier
from tests.export.models import SIZE


def decoded(data: bytes, channels: int = 3) -> Any:
    """A batch of one picture as TensorFlow decodes it, uint8 [1, height, width, channels]."""
    return tf.io.decode_image(data, channels=channels, expand_animations=False)[tf.newaxis]


def resized(data: bytes, size: tuple[int, int] = (SIZE, SIZE), channels: int = 3) -> Any:
    """The same, stretched bilinearly, float32 with levels 0 to 255."""
    return tf.image.resize(decoded(data, channels), size)


def check_scores(export: Export, photos: Path, expected: Callable[[bytes], Any], *, atol: float = 2e-5) -> None:
    """Every picture's scores are, in the exported file, those of the first of the batch that `expected` makes."""
    classifier = Classifier.load(export.path)
    for path in sorted(photos.iterdir()):
        data = path.read_bytes()
        actual = classifier.scores(classifier.decode(data))
        np.testing.assert_allclose(actual, np.asarray(expected(data))[0], atol=atol, err_msg=path.name)
