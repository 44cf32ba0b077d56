"""PNGs of many chunks, of texts that inflate, of narrow rows, and of data that makes nothing."""

from __future__ import annotations

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6
SAMPLES = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGBA: 4}
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def header(width: int, height: int, bits: int = 8, colours: int = RGB, interlaced: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, interlaced))


def rows(width: int, height: int, bits: int = 8, colours: int = RGB, filter_: int = 0) -> bytes:
    """Rows of one colour, each after the number of its filter."""
    row = (bytes([1, 2, 3, 4]) * (bits // 8) * SAMPLES[colours] * width)[: width * SAMPLES[colours] * bits // 8]
    return (bytes([filter_]) + row) * height


def file(head: bytes, *others: bytes, pixels: list[bytes], palette: bool = False) -> bytes:
    colours = chunk(b"PLTE", bytes(range(6)) * 128) if palette else b""
    return b"".join(
        [SIGNATURE, head, *others, colours, *(chunk(b"IDAT", part) for part in pixels), chunk(b"IEND", b"")]
    )


def picture(width: int, height: int, bits: int = 8, colours: int = RGB, filter_: int = 0) -> bytes:
    """An ordinary picture of one colour, of any shape and kind."""
    data = zlib.compress(rows(width, height, bits, colours, filter_), 1)
    return file(header(width, height, bits, colours), pixels=[data], palette=colours == PALETTE)


def interlaced(width: int, height: int) -> bytes:
    """The same in seven passes."""
    data = b""
    for left, top, across, down in _PASSES:
        columns, lines = -(-max(0, width - left) // across), -(-max(0, height - top) // down)
        data += rows(columns, lines) if columns else b""
    return file(header(width, height, interlaced=1), pixels=[zlib.compress(data, 1)])


def tiny_chunks(width: int, height: int, size: int = 1) -> bytes:
    """The pixels in chunks of a byte."""
    data = zlib.compress(rows(width, height), 9)
    return file(header(width, height), pixels=[data[place : place + size] for place in range(0, len(data), size)])


def empty_blocks(width: int, height: int, size: int) -> bytes:
    """Pixels behind so many bytes of deflate's blocks that hold nothing."""
    block = b"\x00\x00\x00\xff\xff"  # stored, not the last one, of no bytes
    packed = zlib.compress(rows(width, height), 1)
    return file(header(width, height), pixels=[packed[:2] + block * (size // len(block)) + packed[2:]])


def many_chunks(count: int, name: bytes = b"teSt", body: bytes = b"", *, width: int = 1, height: int = 1) -> bytes:
    """A picture after so many other chunks."""
    return file(header(width, height), chunk(name, body) * count, pixels=[zlib.compress(rows(width, height))])


def text_bomb(count: int, name: bytes) -> bytes:
    """Texts that inflate to a megabyte each, of a kind that Pillow does not count."""
    packed = zlib.compress(b"\xff" * (1 << 20), 9)
    start = {b"zTXt": b"key\0\0", b"iTXt": b"key\0\1\0\0\0", b"iCCP": b"icc\0\0"}[name]
    return many_chunks(count, name, start + packed)


def animation(frames: int) -> bytes:
    """A picture with so many frames that are not its first."""
    control = struct.pack(">IIIIIHHBB", 0, 1, 1, 0, 0, 1, 1, 0, 0)
    frame = chunk(b"fcTL", control) + chunk(b"fdAT", bytes(4) + zlib.compress(rows(1, 1)))
    whole = file(header(1, 1), chunk(b"acTL", struct.pack(">II", frames, 0)), pixels=[zlib.compress(rows(1, 1))])
    return whole[:-12] + frame * frames + whole[-12:]
