"""Colours and inks in the whole numbers that OpenCV's `imread` counts in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_Pixels = npt.NDArray[np.uint8]

# Red, green and blue in gray, and in how many bits: where a decoder makes gray itself (utils.cpp), and in cvtColor.
_DECODER = (4899, 9617, 1868), 14
_CVT_COLOR = (9798, 19235, 3735), 15


def gray(rgb: _Pixels, *, by_decoder: bool) -> _Pixels:
    """uint8 [height, width, 3] to [height, width, 1]."""
    shares, bits = _DECODER if by_decoder else _CVT_COLOR
    levels = np.empty((*rgb.shape[:2], 1), np.uint8)
    for row, new in zip(rgb, levels):
        new[:, 0] = (row @ np.array(shares, np.int32) + (1 << bits - 1)) >> bits
    return levels


def mixed(inks: _Pixels, channels: int) -> _Pixels:
    """Inks as they stand in a JPEG, uint8 [height, width, 4], to 1 or 3 channels."""
    rgb = np.empty((*inks.shape[:2], 3), np.uint8)
    for row, new in zip(inks, rgb):
        black = row[:, 3:].astype(np.uint16)
        new[:] = black - ((255 - row[:, :3]) * black >> 8)
    return gray(rgb, by_decoder=True) if channels == 1 else rgb
