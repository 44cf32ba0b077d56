"""The blocks of a GIF, found in time that grows with its bytes and no faster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from predictor.errors import ImageTooLarge

# GIF89a, sections 15 to 27.
EXTENSION, FRAME = b"!", b","
_STRAY = b"\0"  # some encoders end a block twice
_EXTENSION_LENGTH = 2  # bytes: the separator and a label
_FRAME_LENGTH = 10  # bytes of the description of a frame
_FRAME_FLAGS = 9
_SCREEN_LENGTH, _SCREEN_FLAGS = 13, 10

# Encoders write 255 bytes a piece, and some frames of animations are a pixel.
_ALWAYS = 20_000
_BYTES_A_PIECE = 128


class Block(NamedTuple):
    """A frame or an extension: its kind, where it begins, where its pieces begin, and where it ends in the file."""

    kind: bytes
    start: int
    pieces: int
    end: int


def screen_end(data: bytes) -> int:
    """Where the blocks begin: behind the description of the screen and its palette."""
    return _SCREEN_LENGTH + _palette(data, _SCREEN_FLAGS)


def read_blocks(data: bytes) -> Iterator[Block]:
    """The blocks, up to what is none, or to where the file is cut off.

    Raises ImageTooLarge where they are in too many pieces for so few bytes.
    """
    position, left = screen_end(data), most_pieces(len(data))
    while True:
        start, kind = position, data[position : position + 1]
        if kind == FRAME and start + _FRAME_LENGTH <= len(data):
            pieces = start + _FRAME_LENGTH + _palette(data, start + _FRAME_FLAGS) + 1
        elif kind == EXTENSION:
            pieces = start + _EXTENSION_LENGTH
        elif kind == _STRAY and left:
            position, left = start + 1, left - 1
            continue
        else:
            return
        position, left = _pieces_end(data, pieces, left)
        yield Block(kind, start, pieces, position)


def _pieces_end(data: bytes, position: int, left: int) -> tuple[int, int]:
    """Where pieces of up to 255 bytes end, the last one being empty; and how many more there may be."""
    size = len(data)
    while position < size and (length := data[position]):
        position += length + 1
        left -= 1
        if left < 0:
            raise ImageTooLarge("The GIF is in more pieces than its bytes need; save it anew to have it labelled.")
    return position + 1, left - 1


def most_pieces(size: int) -> int:
    """In how many pieces a file of so many bytes may be."""
    return _ALWAYS + size // _BYTES_A_PIECE


def _palette(data: bytes, place: int) -> int:
    """How many bytes the palette has that follows a description with these flags."""
    flags = data[place] if place < len(data) else 0
    return 3 * 2 << (flags & 7) if flags & 0x80 else 0
