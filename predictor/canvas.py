"""Pictures drawn on a canvas as Chromium does it without a graphics card: near it, not equal in every bit.

Skia first halves the picture while it still covers what is drawn (of picture files, not of a video's frames), then
takes bilinear samples with weights of four bits. Names as in Skia: SkMipmap, SkBitmapProcState.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from predictor.metadata import Resizing

_Pixels = npt.NDArray[np.uint8]
_Numbers = npt.NDArray[np.int64]
_F = np.float32


def draw(pixels: _Pixels, resizing: Resizing) -> _Pixels:
    """uint8 [height, width, 3], or 4 with alpha, to [size, size, 3], as read back from the canvas."""
    size = resizing.height
    height, width, channels = pixels.shape
    drawn = [size, size]
    if resizing.fit == "crop":
        drawn = [math.ceil(side * (size / min(height, width))) for side in (height, width)]
    if channels == 4:
        pixels = _premultiplied(pixels)
    halvings = _halvings((height, width), drawn) if resizing.method == "chromium-image" else 0
    if halvings:
        pixels = _level(pixels, halvings)
    # As C truncates; only the columns' steps add up.
    places = [
        _samples(length, side, (side - size) // 2, size, steps=bool(axis))
        for axis, (length, side) in enumerate(zip(pixels.shape, drawn))
    ]
    values = _bilinear(pixels, places[0], places[1])
    return _colours(values) if channels == 4 else values


def _halvings(lengths: tuple[int, int], drawn: list[int]) -> int:
    """How often the sides are halved, rounded up, and still cover what is drawn."""
    count = 0
    while all(-(-length >> count + 1) >= side and length >> count > 1 for length, side in zip(lengths, drawn)):
        count += 1
    return count


def _level(pixels: _Pixels, halvings: int) -> _Pixels:
    """The picture halved so often; where sides are no whole multiples, from the next larger level there is."""
    height, width, _ = pixels.shape
    wanted = [-(-side >> halvings) for side in (height, width)]
    scale = max(wanted[0] / height, wanted[1] / width)
    for _ in range(int(-math.log2(scale))):
        pixels = _halved(pixels)
    if pixels.shape[:2] == tuple(wanted):
        return pixels
    for axis, new in enumerate(wanted):
        pixels = _stretched(pixels, axis, new)
    return np.floor(pixels + _F(0.5)).astype(np.uint8)


def _halved(pixels: _Pixels) -> _Pixels:
    """Means of two by two pixels, rounded down; of an odd side's three, the middle one counts twice."""
    sums, shift = pixels.astype(np.uint16), 0
    for axis in (0, 1):
        sums = sums.swapaxes(0, axis)
        length = len(sums)
        if length > 1 and length % 2 == 0:
            sums, shift = sums[::2] + sums[1::2], shift + 1
        elif length > 1:
            sums, shift = sums[:-2:2] + 2 * sums[1:-1:2] + sums[2::2], shift + 2
        sums = sums.swapaxes(0, axis)
    return (sums >> shift).astype(np.uint8)


def _stretched(pixels: npt.NDArray[np.generic], axis: int, new: int) -> npt.NDArray[np.float32]:
    """One side resized bilinearly, float32."""
    old = pixels.shape[axis]
    positions = (np.arange(new) + 0.5) * old / new - 0.5
    first = np.floor(positions).astype(np.int64)
    weights = (positions - first).astype(_F).reshape([-1, 1, 1] if axis == 0 else [1, -1, 1])
    low, high = (pixels.take(np.clip(first + step, 0, old - 1), axis).astype(_F) for step in (0, 1))
    return low * (1 - weights) + high * weights


def _samples(length: int, drawn: int, start: int, size: int, *, steps: bool) -> tuple[_Numbers, _Numbers, _Numbers]:
    """For each new pixel the two old ones, and the second one's weight of 16; numbers with 32 and 16 bits of fraction.

    length: of the level. drawn: to so many pixels, of which `size` are seen from `start` on.
    """
    scale = _F(length / drawn)
    offset = _F(_F(start) * scale)
    if steps:
        numbers = int(float(_F(_F(0.5) * scale + offset)) * 2**32) + np.arange(size) * int(float(scale) * 2**32)
    else:
        numbers = (((np.arange(size).astype(_F) + _F(0.5)) * scale + offset).astype(np.float64) * 2**32).astype(
            np.int64
        )
    fixed = numbers - 2**31 >> 16
    first = fixed >> 16
    return np.clip(first, 0, length - 1), np.clip(first + 1, 0, length - 1), fixed >> 12 & 15


def _bilinear(pixels: _Pixels, rows: tuple[_Numbers, ...], columns: tuple[_Numbers, ...]) -> _Pixels:
    top, bottom, down = rows
    left, right, across = columns
    down, across = down.reshape(-1, 1, 1), across.reshape(-1, 1)
    upper, lower = pixels[top].astype(np.int64), pixels[bottom].astype(np.int64)
    sums = (16 - down) * ((16 - across) * upper[:, left] + across * upper[:, right])
    sums += down * ((16 - across) * lower[:, left] + across * lower[:, right])
    return (sums >> 8).astype(np.uint8)


def _premultiplied(pixels: _Pixels) -> _Pixels:
    products = pixels[..., :3].astype(np.uint16) * pixels[..., 3:] + 128
    return np.concatenate([(products + (products >> 8) >> 8).astype(np.uint8), pixels[..., 3:]], axis=2)


def _colours(values: _Pixels) -> _Pixels:
    """What the canvas gives back of colours that are multiplied by their alpha: black where it is transparent."""
    alpha = np.maximum(values[..., 3:], 1).astype(_F)
    return np.minimum(np.floor(values[..., :3] * (_F(255) / alpha) + _F(0.5)), 255).astype(np.uint8)
