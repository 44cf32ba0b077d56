"""The first frame of a GIF, as TensorFlow places it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from predictor.errors import BadImage
from predictor.limits import Limits

# GIF89a, sections 17 to 27.
_SCREEN = 13  # bytes of the signature and the description of the screen
_FRAME = 10  # bytes of the description of a frame
_EXTENSION = b"!"
_SEPARATOR = b","


@dataclass(frozen=True)
class _Frame:
    """Where a frame lies on the screen."""

    left: int
    top: int
    width: int
    height: int


def decode(image: Image.Image, data: bytes, limits: Limits) -> npt.NDArray[np.uint8]:
    """uint8 [height, width, 3]; black where the first frame is transparent or does not reach."""
    transparency = image.info.pop("transparency", None)
    rgb = np.asarray(image.convert("RGB"))
    if transparency is not None:
        rgb = rgb * (np.asarray(image) != transparency)[..., np.newaxis]
    frames = list(_frames(data))
    if not frames:
        raise BadImage("The image is damaged: there is no frame where the first one belongs.")
    # TensorFlow's canvas is as large as the largest frame, whatever the screen.
    width, height = max(frame.width for frame in frames), max(frame.height for frame in frames)
    if frames[0] == _Frame(0, 0, width, height):
        return rgb[:height, :width]
    limits.check_pixels(width, height)
    return _placed(rgb, frames[0], np.zeros((height, width, 3), np.uint8))


def _placed(rgb: npt.NDArray[np.uint8], frame: _Frame, canvas: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    rows = slice(frame.top, frame.top + frame.height)
    columns = slice(frame.left, frame.left + frame.width)
    canvas[rows, columns] = rgb[rows, columns][: len(canvas[rows]), : canvas[:, columns].shape[1]]
    return canvas


def _frames(data: bytes) -> Iterator[_Frame]:
    position = _SCREEN + _palette(data[10])
    while (block := data[position : position + 1]) in (_EXTENSION, _SEPARATOR):
        if block == _SEPARATOR:
            description = data[position : position + _FRAME]
            if len(description) < _FRAME:
                return
            yield _Frame(*struct.unpack_from("<HHHH", description, 1))
            position += _FRAME + _palette(description[9]) + 1
        else:
            position += 2
        while size := data[position : position + 1]:  # blocks of up to 255 bytes, the last one empty
            position += 1 + size[0]
            if size == b"\0":
                break


def _palette(flags: int) -> int:
    """How many bytes the palette has that follows a description with these flags."""
    return 3 * 2 << (flags & 7) if flags & 0x80 else 0
