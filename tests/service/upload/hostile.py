"""Pictures that are made to be slow, large, deep or misunderstood; `scale` makes them worse."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zlib

from PIL import Image

PNG = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, rows: bytes, *others: bytes) -> bytes:
    """A PNG in colour, whose rows need not fit its size, with other chunks before them."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return PNG + header + b"".join(others) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def many_scans(side: int, scans: int) -> bytes:
    """A gray progressive JPEG: one scan of averages, then refinements that change nothing."""

    def table(kind: int, symbol: bytes) -> bytes:
        return b"\xff\xc4" + struct.pack(">HB", 20, kind) + bytes([1] + [0] * 15) + symbol

    blocks = (-(-side // 8)) ** 2
    head = b"\xff\xd8\xff\xdb" + struct.pack(">HB", 67, 0) + bytes([1] * 64)
    head += b"\xff\xc2" + struct.pack(">HBHHB", 11, 8, side, side, 1) + bytes([1, 0x11, 0])
    first = table(0x00, b"\0") + b"\xff\xda" + struct.pack(">HB", 8, 1) + bytes([1, 0, 0, 0, 0])
    bits = "011111111111111" * -(-blocks // 32767)  # a run to the end of so many blocks
    bits += "1" * (-len(bits) % 8)
    run = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    scan = b"\xff\xda" + struct.pack(">HB", 8, 1) + bytes([1, 0, 1, 63, 1 << 4]) + run
    return head + first + bytes(-(-blocks // 8)) + table(0x10, b"\xe0") + scan * scans + b"\xff\xd9"


def cut(kind: str, part: float) -> bytes:
    """A photograph whose upload broke off."""
    file = io.BytesIO()
    Image.effect_noise((64, 64), 50).convert("RGB").save(file, kind)
    return file.getvalue()[: int(file.tell() * part)]


def hostile(scale: int) -> dict[str, bytes]:
    """The files, by name; with a scale of 1 none takes more than a moment, with 10 some take seconds."""
    noise = random.Random(4)
    return {
        "a run of marker bytes.jpg": b"\xff\xd8" + b"\xff" * (2_000 * scale) + bytes(10),
        "many scans.jpg": many_scans(600 * scale, 10 * scale),
        "no components.jpg": b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 8, 8, 8, 8, 0) + b"\xff\xda\0\2\0\xff\xd9",
        "one pixel.png": png(1, 1, b"\0\x10\x20\x30"),
        "two pixels.png": png(2, 1, b"\0\x10\x20\x30\x40\x50\x60"),
        "tall.png": png(1, 50_000 * scale, b"\0\x80\x40\x20" * 50_000 * scale),
        "wide.png": png(50_000 * scale, 1, b"\0" + b"\x80\x40\x20" * 50_000 * scale),
        "of immense size.png": png(2**31 - 1, 2**31 - 1, b""),
        "of size zero.png": png(0, 0, b""),
        "more rows than it says.png": png(8, 8, bytes(5_000_000 * scale)),
        "fewer rows than it says.png": png(4000, 4000, bytes(100)),
        "long text.png": png(8, 8, bytes(200), chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(5_000_000 * scale)))),
        "many chunks.png": png(8, 8, bytes(200), *[chunk(b"tEXt", b"k\0v")] * (1_000 * scale)),
        **{
            f"cut off {part}.{kind}": cut(kind, part)
            for kind in ("JPEG", "PNG", "GIF", "BMP", "WEBP")
            for part in (0.1, 0.9)
        },
        "empty.png": b"",
        "text.txt": b"milk, eggs, flour",
        "page.html": b"<!doctype html><title>a</title>",
        "deep.json": b"[" * 100_000,
        "iphone.heic": struct.pack(">I", 24) + b"ftypheic" + bytes(12) + b"mif1",
        "noise.jpg": b"\xff\xd8\xff\xe0" + noise.randbytes(20_000),
        "noise.webp": b"RIFF" + struct.pack("<I", 20_000) + b"WEBPVP8L" + noise.randbytes(20_000),
        "bomb.gz": gzip.compress(bytes(5_000_000 * scale)),
        "parts.gz": gzip.compress(b"") * (1_000 * scale),
        "layers.gz": gzip.compress(gzip.compress(gzip.compress(gzip.compress(b"milk")))),
        "half.gz": gzip.compress(noise.randbytes(1000))[:500],
    }
