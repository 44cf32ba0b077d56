"""What the predictor makes of a file, beside what TensorFlow makes of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import settings

from predictor import BadImage, Decoding, Limits
from predictor.image import Pixels, decode

Reference = Callable[..., Pixels | None]
"""What TensorFlow makes of a file; None when it refuses."""

PROPERTY = settings(max_examples=200, deadline=None, derandomize=True)


def ours(data: bytes, decoding: Decoding | None = None) -> Pixels | None:
    """What the predictor makes of a file; None when it refuses."""
    try:
        return decode(data, decoding or Decoding(), Limits())
    except BadImage:
        return None


def check(actual: Pixels | None, expected: Pixels | None) -> None:
    """Both are refused, or both are the same picture."""
    assert (actual is None) == (expected is None)
    if expected is not None:
        np.testing.assert_array_equal(actual, expected, strict=True)
