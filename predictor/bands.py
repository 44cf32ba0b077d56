"""A picture of Pillow's as an array, converted some rows at a time, so that only the result takes memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

_Pixels = npt.NDArray[np.uint8]

BAND = 1 << 19  # pixels; large enough that Python's part of the time does not count, even of rows of one pixel


def bands(image: Image.Image) -> Iterator[tuple[slice, Image.Image]]:
    """The rows of the picture, many at a time, each with their place."""
    width, height = image.size
    step = max(1, BAND // width)
    if step >= height:
        yield slice(0, height), image
        return
    for top in range(0, height, step):
        bottom = min(top + step, height)
        yield slice(top, bottom), image.crop((0, top, width, bottom))


def gathered(image: Image.Image, convert: Callable[[Image.Image], _Pixels]) -> _Pixels:
    """uint8 [height, width, channels] of what `convert` makes of the bands, uint8 [rows, width, channels]."""
    width, height = image.size
    pixels: _Pixels | None = None
    for rows, band in bands(image):
        part = convert(band)
        if len(part) == height:
            return part
        if pixels is None:
            pixels = np.empty((height, width, part.shape[2]), np.uint8)
        pixels[rows] = part
    assert pixels is not None
    return pixels


def converted(image: Image.Image, mode: str) -> _Pixels:
    """The picture in one of Pillow's modes L, LA, RGB, RGBA and CMYK: uint8 [height, width, channels]."""

    def convert(band: Image.Image) -> _Pixels:
        array = np.asarray(band if band.mode == mode else band.convert(mode))  # to convert to the same mode copies
        return array[..., np.newaxis] if array.ndim == 2 else array

    return gathered(image, convert)
