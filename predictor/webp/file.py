"""The first picture of a WebP."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from predictor.bands import converted
from predictor.errors import BadImage, ImageTooLarge
from predictor.exif import orientation
from predictor.limits import Limits
from predictor.webp.lossless import check_alpha, check_lossless

_Pixels = npt.NDArray[np.uint8]

# RFC 9649. Chunks are padded to even numbers of bytes.
_RIFF = struct.Struct("<4sI4s")  # how many bytes follow, and of what
_WEBP = b"WEBP"
_FRAME = struct.Struct("<4sI")
_LOSSY, _LOSSLESS, _EXTENDED = b"VP8 ", b"VP8L", b"VP8X"
_ALPHA, _ANIMATION, _ANIMATION_FRAME = b"ALPH", b"ANIM", b"ANMF"
_EXIF, _XMP = b"EXIF", b"XMP "
_HAS_EXIF, _HAS_XMP = 0x08, 0x04
_FRAME_HEADER = 16  # bytes of an animation's frame before its own chunks

# A picture has a handful of chunks; an animation has one a frame.
_ALWAYS = 1000
_BYTES_A_CHUNK = 256


class _Chunk(NamedTuple):
    """One chunk, whose body is data[start:end]."""

    name: bytes
    start: int
    end: int

    def whole(self, data: bytes) -> list[bytes | memoryview]:
        body = memoryview(data)[self.start : self.end]
        return [_FRAME.pack(self.name, self.end - self.start), body, bytes(len(body) & 1)]


def _read_chunks(data: bytes, position: int = _RIFF.size, end: int | None = None) -> Iterator[_Chunk]:
    end = len(data) if end is None else min(end, len(data))
    for _ in range(_ALWAYS + len(data) // _BYTES_A_CHUNK):
        if position + _FRAME.size > end:
            return
        name, size = _FRAME.unpack_from(data, position)
        position += _FRAME.size
        yield _Chunk(name, position, position + size)
        position += size + (size & 1)
    raise ImageTooLarge("The WebP is in more chunks than its bytes need; save it anew to have it labelled.")


@dataclass(frozen=True)
class WebP:
    """A WebP: the chunks that its first picture is made of."""

    data: bytes
    parts: tuple[_Chunk, ...]

    @classmethod
    def read(cls, data: bytes) -> WebP:
        """Find the first picture; raises BadImage without one, ImageTooLarge with too many chunks before it."""
        parts = []
        for chunk in _read_chunks(data):
            if chunk.name in (_EXTENDED, _ANIMATION, _ALPHA):
                parts.append(chunk)
            if chunk.name in (_LOSSY, _LOSSLESS, _ANIMATION_FRAME):
                return cls(data, (*parts, chunk))
        raise BadImage("The image is damaged: it ends before its picture begins.")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture, or of an animation's canvas."""
        first = self.parts[0]
        if first.name == _EXTENDED:
            return _sides(self.data[first.start + 4 : first.start + 10])
        return _size(self.data, first)

    def still(self) -> Sequence[bytes | memoryview]:
        """The first picture, with its place on the canvas; ImageTooLarge when its codes alone would take too long."""
        parts: list[bytes | memoryview] = []
        for chunk in self.parts:
            _check(self.data, chunk, self.size)
            parts += chunk.whole(self.data)
        return [_RIFF.pack(b"RIFF", sum(map(len, parts)) + len(_WEBP), _WEBP), *parts]

    def orientation(self) -> int:
        """How the picture is to be turned, 1 to 8 by EXIF."""
        if self.parts[0].name != _EXTENDED:
            return orientation(None, None)
        flags = self.data[self.parts[0].start]
        found: dict[bytes, bytes] = {}
        for chunk in _read_chunks(self.data):
            if (chunk.name == _EXIF and flags & _HAS_EXIF) or (chunk.name == _XMP and flags & _HAS_XMP):
                found.setdefault(chunk.name, self.data[chunk.start : chunk.end])
        return orientation(found.get(_EXIF), found.get(_XMP))

    def pixels(self, image: Image.Image, channels: int, limits: Limits) -> _Pixels:
        """uint8 [height, width, 3], or, where `channels` is 0, with the file's own 3 or 4 channels."""
        return converted(image, "RGB" if channels == 3 else image.mode)


def _check(data: bytes, chunk: _Chunk, size: tuple[int, int]) -> None:
    """ImageTooLarge when a losslessly stored part of a picture of this size has too many codes."""
    if chunk.name == _ANIMATION_FRAME:
        size = _sides(data[chunk.start + 6 : chunk.start + 12])
        for part in _read_chunks(data, chunk.start + _FRAME_HEADER, chunk.end):
            _check(data, part, size)
    elif chunk.name == _LOSSLESS:
        check_lossless(data, chunk.start)
    elif chunk.name == _ALPHA:
        check_alpha(data, chunk.start, *size)


def _sides(stored: bytes) -> tuple[int, int]:
    """Width and height, each one less in three bytes."""
    return int.from_bytes(stored[:3], "little") + 1, int.from_bytes(stored[3:], "little") + 1


def _size(data: bytes, chunk: _Chunk) -> tuple[int, int]:
    if chunk.name == _LOSSY:
        width, height = struct.unpack_from("<HH", data.ljust(chunk.start + 10, b"\0"), chunk.start + 6)
        return width & 0x3FFF, height & 0x3FFF
    bits = int.from_bytes(data[chunk.start + 1 : chunk.start + 5], "little")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
