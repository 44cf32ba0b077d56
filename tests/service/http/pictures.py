"""Pictures that are made to do harm."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image, ImageDraw

SIDE = 30_000  # pixels
FRAMES = 1_000
TEXT = 60 << 20  # bytes of text in a PNG, unpacked


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, *chunks: bytes, pixels: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = b"".join([_chunk(b"IHDR", header), *chunks, _chunk(b"IDAT", pixels), _chunk(b"IEND", b"")])
    return b"\x89PNG\r\n\x1a\n" + body


def huge_png() -> bytes:
    """30,000 by 30,000 pixels, 2.7 GB of them, in a few kilobytes."""
    packer = zlib.compressobj()
    return _png(SIDE, SIDE, pixels=packer.compress(bytes(1 << 20)) + packer.flush())


def huge_jpeg() -> bytes:
    """A small JPEG whose header says 30,000 by 30,000."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG")
    data = file.getvalue()
    place = data.index(b"\xff\xc0") + 5
    return data[:place] + struct.pack(">HH", SIDE, SIDE) + data[place + 4 :]


def many_frames() -> bytes:
    """A GIF of a thousand frames."""
    frames = []
    for number in range(FRAMES):
        frame = Image.new("P", (64, 64), number % 255)
        ImageDraw.Draw(frame).point((number % 64, number // 64), 255)
        frames.append(frame)
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


def texts(kind: bytes) -> bytes:
    """A PNG of one pixel with 60 MB of text, packed well."""
    packed = zlib.compress(bytes(TEXT), 9)
    data = b"k\0\0" + packed if kind == b"zTXt" else b"k\0\1\0\0\0" + packed
    return _png(1, 1, *[_chunk(kind, data)] * 8, pixels=zlib.compress(bytes(4)))


def large(file_format: str, side: int) -> bytes:
    """A plain picture of many pixels in a small file."""
    file = io.BytesIO()
    Image.new("RGB", (side, side), (9, 99, 199)).save(file, file_format)
    return file.getvalue()


def polyglot() -> bytes:
    """A GIF's first bytes before a page with a script."""
    return b"GIF89a/*" + b"<script>alert(1)</script>*/=1;"
