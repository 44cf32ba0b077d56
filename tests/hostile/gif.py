"""GIFs of many pieces and many frames."""

from __future__ import annotations

import struct

_PIXEL = b"\x02\x02\x44\x01\0"  # the data of one pixel


def screen(width: int = 1, height: int = 1) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes([9, 8, 7, 99, 98, 97])


def frame(data: bytes = _PIXEL, width: int = 1, height: int = 1) -> bytes:
    return b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + data


def many_frames(count: int) -> bytes:
    """So many frames of a pixel."""
    return screen() + frame() * count + b";"


def many_pieces(count: int, *, before: bool) -> bytes:
    """A comment of so many pieces of a byte, before the first frame or after it."""
    comment = b"!\xfe" + b"\x01x" * count + b"\0"
    return screen() + (comment + frame() if before else frame() + comment) + b";"


def many_extensions(count: int) -> bytes:
    """So many extensions that say how long a frame is to be seen, before the first one."""
    return screen() + b"!\xf9\x04\0\0\0\0\0" * count + frame() + b";"
