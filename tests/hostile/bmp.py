"""BMPs of run lengths, and of more colours than they can use."""

from __future__ import annotations

import struct

_RUNS, _RUNS_OF_FOUR_BITS = 1, 2


def bmp(width: int, height: int, bits: int, compression: int, data: bytes, *, colours: int = 256) -> bytes:
    palette = b"".join(bytes([level, level ^ 255, 7, 0]) for level in range(min(colours, 256)))
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(data), 0, 0, colours, 0)
    start = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + head + palette + data


def plain(width: int, height: int, *, colours: int = 256) -> bytes:
    """A picture of one colour without run lengths."""
    return bmp(width, height, 8, 0, bytes(-(-width // 4) * 4 * height), colours=colours)


def short_rows(width: int, height: int, bits: int = 8) -> bytes:
    """Rows of which a pixel is stored, and the others are not."""
    compression = _RUNS if bits == 8 else _RUNS_OF_FOUR_BITS
    return bmp(width, height, bits, compression, b"\x01\x05\0\0" * height + b"\0\1", colours=1 << bits)


def long_runs(width: int, height: int, bits: int = 8) -> bytes:
    """Rows in runs of 255 pixels."""
    compression = _RUNS if bits == 8 else _RUNS_OF_FOUR_BITS
    row = b"\xff\x35" * (width // 255) + bytes([width % 255, 0x53]) + b"\0\0"
    return bmp(width, height, bits, compression, row * height + b"\0\1", colours=1 << bits)


def short_runs(width: int, height: int) -> bytes:
    """Rows in runs of a pixel."""
    return bmp(width, height, 8, _RUNS, (b"\x01\x05\x01\x06" * (width // 2) + b"\0\0") * height + b"\0\1")


def moves(width: int, height: int, count: int) -> bytes:
    """So many moves that lead nowhere, and no pixel."""
    return bmp(width, height, 8, _RUNS, b"\0\2\0\0" * count)
