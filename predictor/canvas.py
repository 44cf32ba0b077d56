"""Pictures as Chromium draws them on a canvas without a graphics card: near it, not equal in every bit.

Skia halves a file's picture while it still covers what is drawn, then takes bilinear samples with weights of four bits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from predictor.exif import UPRIGHT
from predictor.metadata import Resizing
from predictor.orientation import MIRRORED_COLUMNS, MIRRORED_ROWS, TRANSPOSED, upright

_Pixels = npt.NDArray[np.uint8]
_Numbers = npt.NDArray[np.int64]
_F = np.float32


def draw(pixels: _Pixels, resizing: Resizing, orientation: int) -> _Pixels:
    """uint8 [height, width, 3], or 4 with colours multiplied by alpha, to [size, size, 3] as read back from the canvas.

    The pixels lie as in the file; orientation is 1 to 8 by EXIF.
    """
    size, is_file, is_turned = resizing.height, resizing.method == "chromium-image", orientation in TRANSPOSED
    if is_turned or not is_file:
        pixels, orientation = upright(pixels, orientation), UPRIGHT
    drawn = [math.ceil(side * (size / min(pixels.shape[:2]))) for side in pixels.shape[:2]]
    if is_file:
        pixels = _level(pixels, drawn)
    starts = [(side - size) // 2 for side in drawn]
    if is_turned and is_file:  # which Skia samples another way
        seen = [slice(start, start + size) for start in starts]
        columns = _stretched(_stretched(pixels, 0, drawn[0], seen[0]), 1, drawn[1], seen[1])
        values = np.floor(columns + _F(0.5)).astype(np.uint8)
    else:
        sides = zip(pixels.shape, drawn, starts, (orientation in MIRRORED_ROWS, orientation in MIRRORED_COLUMNS))
        values = _bilinear(pixels, *(_samples(*side, size, steps=axis == 1) for axis, side in enumerate(sides)))
    return _colours(values) if values.shape[2] == 4 else values


def _level(pixels: _Pixels, drawn: list[int]) -> _Pixels:
    """Halved while the sides, rounded up, cover what is drawn; odd sides are resized from the next larger level."""
    sides, halvings = pixels.shape[:2], 0
    while all(-(-side >> halvings + 1) >= new and side >> halvings > 1 for side, new in zip(sides, drawn)):
        halvings += 1
    wanted = [-(-side >> halvings) for side in sides]
    for _ in range(int(-math.log2(max(new / side for new, side in zip(wanted, sides))))):
        pixels = _halved(pixels)
    if list(pixels.shape[:2]) == wanted:
        return pixels
    level: _Pixels = np.floor(_stretched(_stretched(pixels, 0, wanted[0]), 1, wanted[1]) + _F(0.5)).astype(np.uint8)
    return level


def _halved(pixels: _Pixels) -> _Pixels:
    """Means of two by two pixels, rounded down; of an odd side's three, the middle one counts twice."""
    sums, shift = pixels.astype(np.uint16), 0
    for _ in range(2):
        if len(sums) > 1:
            odd = len(sums) % 2
            last = sums[1:-1:2] + sums[2::2] if odd else 0
            sums, shift = sums[: len(sums) - odd : 2] + sums[1::2] + last, shift + 1 + odd
        sums = sums.swapaxes(0, 1)
    return (sums >> shift).astype(np.uint8)


def _stretched(pixels: npt.NDArray[Any], axis: int, new: int, seen: slice = slice(None)) -> npt.NDArray[np.float32]:
    """One side resized bilinearly, float32; of the new pixels those that are seen."""
    old = pixels.shape[axis]
    positions = (np.arange(new)[seen] + 0.5) * old / new - 0.5
    first = np.floor(positions).astype(np.int64)
    weights = (positions - first).astype(_F).reshape([1] * axis + [-1] + [1] * (2 - axis))
    low, high = (pixels.take(np.clip(first + step, 0, old - 1), axis).astype(_F) for step in (0, 1))
    values: npt.NDArray[np.float32] = low * (1 - weights) + high * weights
    return values


def _samples(length: int, drawn: int, start: int, mirrored: bool, size: int, *, steps: bool) -> tuple[_Numbers, ...]:
    """For each new pixel of those from `start` on the two old ones, and the second one's weight of 16.

    steps: whether each place is the one before and a step, as along a row, or computed by itself.
    """
    scale = _F(1 / float(_F(drawn) / _F(length)))  # the inverse of the drawing's own scale
    offset = _F(start) * scale
    if mirrored:
        scale, offset = -scale, _F(length) - offset
    if steps:
        places = _fixed(_F(0.5) * scale + offset) + np.arange(size) * _fixed(scale)
    else:
        places = _fixed((np.arange(size).astype(_F) + _F(0.5)) * scale + offset)
    places = places - (1 << 31) >> 16
    return *(np.clip((places >> 16) + step, 0, length - 1) for step in (0, 1)), places >> 12 & 15


def _fixed(value: Any) -> _Numbers:
    """float32 with 32 bits of fraction, the rest cut off."""
    numbers: _Numbers = np.trunc(np.float64(value) * 2**32).astype(np.int64)
    return numbers


def _bilinear(pixels: _Pixels, rows: tuple[_Numbers, ...], columns: tuple[_Numbers, ...]) -> _Pixels:
    down, across = rows[2].reshape(-1, 1, 1), columns[2].reshape(-1, 1)
    upper, lower = pixels[rows[0]].astype(np.int64), pixels[rows[1]].astype(np.int64)
    mixed = (16 - down) * upper + down * lower
    return ((16 - across) * mixed[:, columns[0]] + across * mixed[:, columns[1]] >> 8).astype(np.uint8)


def _colours(values: _Pixels) -> _Pixels:
    """The colours that the canvas gives back, multiplied by their alpha: black where it is transparent."""
    share, alpha = _F(1 / 255), values[..., 3:]
    inverse = np.where(alpha > 0, 1 / (np.maximum(alpha, 1) * share), _F(0))
    colours: _Pixels = np.minimum(np.rint(values[..., :3] * share * inverse * _F(255)), 255).astype(np.uint8)
    return colours
