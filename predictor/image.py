"""Image files to pixels, as TensorFlow's `decode_image` with three channels makes them."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from predictor import jpeg
from predictor.errors import BadImage, ImageTooLarge, UnsupportedImage
from predictor.metadata import Decoding

Pixels = npt.NDArray[np.uint8]
"""One decoded picture: uint8 [height, width, 3], RGB, 0 to 255."""

_JPEG_START = b"\xff\xd8\xff"
_PILLOW_FORMATS = ("PNG", "GIF", "BMP", "WEBP")
FORMATS = ("JPEG", *_PILLOW_FORMATS)
_PILLOW_PIXELS = 178_956_970  # twice Image.MAX_IMAGE_PIXELS: Pillow refuses more, whatever our own limit


@dataclass(frozen=True)
class Limits:
    """The largest file (bytes) and picture (width times height) that is decoded."""

    max_bytes: int = 32 * 1024 * 1024
    max_pixels: int = 64_000_000

    def check_bytes(self, size: int) -> None:
        """ImageTooLarge when a file of `size` bytes is over the limit."""
        if size > self.max_bytes:
            raise ImageTooLarge(f"The file has {size:,} bytes; at most {self.max_bytes:,} are accepted.")

    def check_pixels(self, width: int, height: int) -> None:
        """ImageTooLarge when a picture of this size is over the limit."""
        if width * height > self.max_pixels:
            raise ImageTooLarge(
                f"The picture has {width} x {height} pixels; at most {self.max_pixels:,} in all are accepted."
            )


def decode(data: bytes, decoding: Decoding, limits: Limits) -> Pixels:
    """The pixels of an image file; of an animation, those of its first frame; EXIF orientation is ignored.

    Raises UnsupportedImage for other formats, ImageTooLarge over a limit, and BadImage for damaged files.
    """
    if not data:
        raise BadImage("The file is empty.")
    limits.check_bytes(len(data))
    if data.startswith(_JPEG_START):
        header = jpeg.read_header(data)
        limits.check_pixels(header.width, header.height)
        return jpeg.decode(data, header, decoding)
    return _decode_with_pillow(data, limits)


def _decode_with_pillow(data: bytes, limits: Limits) -> Pixels:
    try:
        with Image.open(io.BytesIO(data), formats=_PILLOW_FORMATS) as image:
            limits.check_pixels(*image.size)
            image.load()
            return _to_rgb(image, data)
    except UnidentifiedImageError as error:
        raise UnsupportedImage(f"This is not an image in one of the formats {', '.join(FORMATS)}.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        most = min(limits.max_pixels, _PILLOW_PIXELS)
        raise ImageTooLarge(f"The picture has too many pixels; at most {most:,} in all are accepted.") from error
    except BadImage:
        raise
    except Exception as error:  # Pillow's decoders raise many types on damaged files
        raise BadImage(f"The image is damaged: {str(error).rstrip('.')}.") from error


def _to_rgb(image: Image.Image, data: bytes) -> Pixels:
    """The pixels as TensorFlow converts them; where it differs from Pillow, a comment says how."""
    transparency = image.info.pop("transparency", None)  # of which Pillow would warn
    if image.mode.startswith("I"):  # 16-bit gray: Pillow would clip at 255, TensorFlow keeps the high byte
        return _gray_to_rgb((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    if image.mode == "P" and _is_eight_bit_bmp(data):  # TensorFlow takes the palette's indices for gray
        return _gray_to_rgb(np.asarray(image))
    rgb = np.ascontiguousarray(image if image.mode == "RGB" else image.convert("RGB"))
    if image.format == "GIF" and transparency is not None:  # TensorFlow leaves transparent pixels black
        rgb = rgb * (np.asarray(image) != transparency)[..., np.newaxis]
    return rgb


def _is_eight_bit_bmp(data: bytes) -> bool:
    """Whether it is a BMP of 8 uncompressed bits a pixel; the kinds with fewer bits TensorFlow refuses."""
    bits, compression = data[28:30], data[30:34]
    return data.startswith(b"BM") and bits == b"\x08\x00" and compression == bytes(4)


def _gray_to_rgb(gray: Pixels) -> Pixels:
    return np.repeat(gray[..., np.newaxis], 3, axis=2)
