"""TensorFlow as the reference of all decoding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from predictor.image import Pixels
from tests.predictor.comparison import Reference


@pytest.fixture(scope="session")
def reference() -> Reference:
    """`decode_image` as a signature calls it; with options, `decode_jpeg`."""
    import tensorflow as tf

    def decode(data: bytes, channels: int = 3, **jpeg_options: Any) -> Pixels | None:
        try:
            if jpeg_options:
                return np.array(tf.io.decode_jpeg(data, channels, **jpeg_options))
            return np.array(tf.io.decode_image(data, channels, expand_animations=False))
        except tf.errors.InvalidArgumentError:
            return None

    return decode
