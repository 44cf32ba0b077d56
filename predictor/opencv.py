"""What OpenCV's `imread` makes of colours and inks, in the whole numbers that it counts in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_Pixels = npt.NDArray[np.uint8]

# The shares of red, green and blue in gray, and how many bits they have: of what a decoder makes gray itself
# (grfmt_base.cpp, utils.cpp), and of what cvtColor does (color_rgb.simd.hpp).
_DECODER = (4899, 9617, 1868), 14
_CVT_COLOR = (9798, 19235, 3735), 15
_BLOCK = 1 << 16  # pixels that are mixed at once: the products need 32 bits


def gray(rgb: _Pixels, *, by_decoder: bool) -> _Pixels:
    """uint8 [height, width, 3] to [height, width, 1]: as the decoders of JPEG and BMP do, or as cvtColor."""
    shares, bits = _DECODER if by_decoder else _CVT_COLOR
    colours, mixed = rgb.reshape(-1, 3), np.empty((*rgb.shape[:2], 1), np.uint8)
    levels = mixed.reshape(-1)
    for start in range(0, len(colours), _BLOCK):
        block = slice(start, start + _BLOCK)
        levels[block] = (colours[block] @ np.array(shares, np.int32) + (1 << bits - 1)) >> bits
    return mixed


def mixed(inks: _Pixels, channels: int) -> _Pixels:
    """Inks of a JPEG as they stand in it, uint8 [height, width, 4], to so many channels, 1 or 3."""
    flat, rgb = inks.reshape(-1, 4), np.empty((*inks.shape[:2], 3), np.uint8)
    colours = rgb.reshape(-1, 3)
    for start in range(0, len(flat), _BLOCK):
        block = slice(start, start + _BLOCK)
        black = flat[block, 3:].astype(np.uint16)
        colours[block] = black - ((255 - flat[block, :3]) * black >> 8)
    return gray(rgb, by_decoder=True) if channels == 1 else rgb
