"""Pictures to decode, of every kind: waves with noise, so that every step of a codec has something to do."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

SHARED = Path(__file__).parents[3] / "shared" / "images"
SHARED_PICTURES = [f"{path.parent.name}/{path.name}" for path in sorted(SHARED.glob("*/*"))]
ADOBE_MARKERS = {
    "CMYK": b"Adobe\0\x64\0\0\0\0\0",
    "YCCK": b"Adobe\0\x64\0\0\0\0\2",
    "too short to count": b"Adobe\0\x64\0\0\0\0",
    "none": b"",
}
RATIOS: list[Any] = [1, 2, 4, 8]
METHODS: dict[Any, str] = {"fast": "INTEGER_FAST", "accurate": "INTEGER_ACCURATE"}
SIZES = [(37, 53), (16, 32), (9, 2), (1, 1)]  # height, width


def values(height: int, width: int, channels: int) -> npt.NDArray[np.uint8]:
    """uint8 [height, width, channels]."""
    y, x, channel = np.ogrid[:height, :width, :channels]
    waves = 128 + 60 * np.sin(x / (5 + channel)) + 60 * np.cos(y / (7 + 2 * channel))
    noise = np.random.default_rng(1).normal(0, 30, waves.shape)
    pixels: npt.NDArray[np.uint8] = np.clip(waves + noise, 0, 255).astype(np.uint8)
    return pixels


def picture(mode: str, size: tuple[int, int] = SIZES[0]) -> Image.Image:
    if mode == "CMYK":
        return Image.frombytes("CMYK", size[::-1], values(*size, 4).tobytes())
    if mode in ("RGBA", "LA"):
        return Image.fromarray(values(*size, len(mode)))
    rgb = Image.fromarray(values(*size, 3))
    return rgb.quantize(100) if mode == "P" else rgb.convert(mode)


def encode(image: Image.Image, format_: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_16_bit(colour_type: int, channels: int, size: tuple[int, int]) -> bytes:
    """A PNG with 16 bits a channel; Pillow itself writes only gray ones."""
    height, width = size
    samples = np.random.default_rng(2).integers(0, 1 << 16, (height, width, channels)).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def top_down(bmp: bytes) -> bytes:
    """The BMP with its rows in the other order: its height is negative then."""
    (height,) = struct.unpack_from("<i", bmp, 22)
    return bmp[:22] + struct.pack("<i", -height) + bmp[26:]


def with_adobe_marker(jpeg: bytes, body: bytes) -> bytes:
    """The JPEG with another body in its Adobe marker; without a body, without that marker."""
    start = jpeg.index(b"\xff\xee\x00\x0eAdobe")
    marker = b"\xff\xee" + struct.pack(">H", 2 + len(body)) + body if body else b""
    return jpeg[:start] + marker + jpeg[start + 16 :]


@functools.cache
def lossless(size: tuple[int, int]) -> dict[str, bytes]:
    """PNG, GIF, BMP and WebP files of every kind that TensorFlow reads."""
    rgb, gray, indexed = picture("RGB", size), picture("L", size), picture("P", size)
    frames = [indexed, *(picture("RGB", size).rotate(angle).quantize(50) for angle in (10, 20))]
    modes = ("1", "L", "LA", "P", "RGB", "RGBA")
    return {
        **{f"png {mode}": encode(picture(mode, size), "PNG") for mode in modes},
        **{f"png P {bits} bits": encode(rgb.quantize(1 << bits), "PNG", bits=bits) for bits in (1, 2, 4)},
        "png P one transparent": encode(indexed, "PNG", transparency=3),
        "png P alpha palette": encode(indexed, "PNG", transparency=bytes(range(100))),
        "png L transparent": encode(gray, "PNG", transparency=100),
        "png RGB transparent": encode(rgb, "PNG", transparency=(1, 2, 3)),
        "png 16 bits gray": png_16_bit(0, 1, size),
        "png 16 bits RGB": png_16_bit(2, 3, size),
        "png 16 bits gray and alpha": png_16_bit(4, 2, size),
        "png 16 bits RGBA": png_16_bit(6, 4, size),
        "png animated": encode(frames[0], "PNG", save_all=True, append_images=frames[1:]),
        "gif P": encode(indexed, "GIF"),
        "gif L": encode(gray, "GIF"),
        "gif 1": encode(rgb.convert("1"), "GIF"),
        "gif P transparent": encode(indexed, "GIF", transparency=5),
        "gif L transparent": encode(gray, "GIF", transparency=100),
        "gif RGBA": encode(picture("RGBA", size), "GIF"),
        "gif animated": encode(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "gif animated transparent": encode(
            frames[0], "GIF", save_all=True, append_images=frames[1:], transparency=7, disposal=2
        ),
        "bmp L": encode(gray, "BMP"),
        "bmp P": encode(indexed, "BMP"),
        "bmp P 16 colours": encode(rgb.quantize(16), "BMP"),
        "bmp RGB": encode(rgb, "BMP"),
        "bmp RGBA": encode(picture("RGBA", size), "BMP"),
        "bmp top down": top_down(encode(rgb, "BMP")),
        "webp lossy": encode(rgb, "WEBP"),
        "webp lossy, low quality": encode(rgb, "WEBP", quality=5),
        "webp lossless": encode(rgb, "WEBP", lossless=True),
    }


EXIF_ROTATED = Image.Exif()
EXIF_ROTATED[0x0112] = 6  # orientation: a quarter turn
# An end-of-image marker inside another segment must not pass for the file's own.
THUMBNAIL = b"Exif\0\0" + encode(picture("RGB", (9, 2)), "JPEG")

JPEGS = {
    "baseline": encode(picture("RGB"), "JPEG"),
    "progressive": encode(picture("RGB"), "JPEG", progressive=True),
    "restart": encode(picture("RGB"), "JPEG", restart_marker_blocks=1),
    "sharp chroma": encode(picture("RGB"), "JPEG", subsampling="4:4:4"),
    "gray": encode(picture("L"), "JPEG"),
    "stored as RGB": encode(picture("RGB"), "JPEG", keep_rgb=True),
    "thumbnail": encode(picture("RGB"), "JPEG", exif=THUMBNAIL),
    "rotated": encode(picture("RGB"), "JPEG", exif=EXIF_ROTATED),
    "CMYK": encode(picture("CMYK"), "JPEG", subsampling="4:4:4"),
}
LOSSLESS = lossless(SIZES[0])
