"""The first frame of a GIF, as TensorFlow places it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from predictor.bands import gathered
from predictor.errors import BadImage
from predictor.exif import UPRIGHT
from predictor.gif.blocks import EXTENSION, FRAME, Block, read_blocks, screen_end
from predictor.limits import Limits

_Pixels = npt.NDArray[np.uint8]

# GIF89a, section 23.
_CONTROL = b"\xf9"
_CONTROL_LENGTH = 4
_IS_TRANSPARENT = 1
_END = b";"
_SIZE = struct.Struct("<HH")  # width and height


@dataclass(frozen=True)
class _Frame:
    """Where a frame lies on the screen."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def read(cls, data: bytes, block: Block) -> _Frame:
        return cls(*struct.unpack_from("<HHHH", data, block.start + 1))


@dataclass(frozen=True)
class Gif:
    """A GIF: its first frame, and which of that frame's indices is transparent."""

    data: bytes
    first: Block
    transparent: int | None

    @classmethod
    def read(cls, data: bytes) -> Gif:
        """Find the first frame; raises BadImage without one, ImageTooLarge with too many pieces before it."""
        transparent = None
        for block in read_blocks(data):
            if block.kind == FRAME:
                return cls(data, block, transparent)
            transparent = _transparent(data, block, transparent)
        raise BadImage("The image is damaged: there is no frame where the first one belongs.")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the screen; where the frame lies partly outside of it, Pillow says more."""
        width, height = _SIZE.unpack_from(self.data, 6)
        return width, height

    def still(self) -> Sequence[bytes | memoryview]:
        """The screen with the first frame."""
        view, control = memoryview(self.data), b""
        if self.transparent is not None:
            control = EXTENSION + _CONTROL + bytes([_CONTROL_LENGTH, _IS_TRANSPARENT, 0, 0, self.transparent, 0])
        return [view[: screen_end(self.data)], control, view[self.first.start : self.first.end], _END]

    def orientation(self) -> int:
        """Upright: a GIF does not say."""
        return UPRIGHT

    def pixels(self, image: Image.Image, channels: int, limits: Limits) -> _Pixels:
        """uint8 [height, width, 3]; black where the first frame is transparent or does not reach."""
        # TensorFlow's canvas is as large as the largest frame, whatever the screen.
        frames = [block for block in read_blocks(self.data) if block.kind == FRAME]
        sizes = [_SIZE.unpack_from(self.data, frame.start + 5) for frame in frames]
        width, height = max(width for width, _ in sizes), max(height for _, height in sizes)
        limits.check_pixels(width, height)
        image.info.pop("transparency", None)
        rgb = gathered(image, self._colours)
        first = _Frame.read(self.data, self.first)
        if first == _Frame(0, 0, width, height):
            return rgb[:height, :width]
        return _placed(rgb, first, np.zeros((height, width, 3), np.uint8))

    def _colours(self, image: Image.Image) -> _Pixels:
        rgb = np.asarray(image.convert("RGB"))
        if self.transparent is None:
            return rgb
        return np.where((np.asarray(image) != self.transparent)[..., np.newaxis], rgb, np.uint8(0))


def _transparent(data: bytes, block: Block, before: int | None) -> int | None:
    """Which index an extension makes transparent; those that make none leave it as it was."""
    length, *control = data[block.pieces : block.pieces + 1 + _CONTROL_LENGTH] or b"\0"
    # giflib, which TensorFlow decodes with, takes no other length for one.
    if data[block.start + 1 : block.pieces] != _CONTROL or not length == _CONTROL_LENGTH == len(control):
        return before
    return control[3] if control[0] & _IS_TRANSPARENT else before


def _placed(rgb: _Pixels, frame: _Frame, canvas: _Pixels) -> _Pixels:
    rows = slice(frame.top, frame.top + frame.height)
    columns = slice(frame.left, frame.left + frame.width)
    canvas[rows, columns] = rgb[rows, columns][: len(canvas[rows]), : canvas[:, columns].shape[1]]
    return canvas
