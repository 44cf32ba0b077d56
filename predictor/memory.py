"""Not enough memory, which libraries say in many ways: it passes, so it is no fault of a picture or model."""

from __future__ import annotations

import re

import numpy as np

BYTES_A_PIXEL = 24  # the most that decoding takes, with the pixels that it makes
_SAID = re.compile(r"bad_?alloc|(insufficient|not enough|out of) memory|allocat", re.IGNORECASE)


def check_memory(error: Exception) -> None:
    """MemoryError when that is what a library's error says."""
    if isinstance(error, MemoryError) or _SAID.search(str(error)):
        raise MemoryError(f"There is not enough memory now: {error}") from error


def check_room(width: int, height: int) -> None:
    """MemoryError when a picture of this size cannot be decoded now: libwebp and libjpeg do not say why they failed."""
    np.empty(BYTES_A_PIXEL * width * height, np.uint8)
