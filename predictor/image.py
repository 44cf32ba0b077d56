"""Image files to pixels, as TensorFlow's `decode_image` makes them, or Pillow."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from predictor import bmp, gif, jpeg, png
from predictor.errors import BadImage, ImageTooLarge, UnsupportedImage
from predictor.jpeg_header import read_header
from predictor.limits import Limits
from predictor.metadata import Decoding
from predictor.orientation import orientation, upright

Pixels = npt.NDArray[np.uint8]
"""One decoded picture: uint8 [height, width, channels], 0 to 255; three channels are RGB, one is gray."""

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP")
_JPEG_START = b"\xff\xd8\xff"
# The starts that nothing else has: what Pillow does not know in spite of them is damaged.
_OTHER_STARTS = re.compile(rb"\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....WEBP", re.DOTALL)
_PILLOW_PIXELS = 178_956_970  # twice Image.MAX_IMAGE_PIXELS: Pillow refuses more, whatever our own limit


def decode(data: bytes, decoding: Decoding, limits: Limits) -> Pixels:
    """The pixels of an image file; of an animation, those of its first frame.

    Raises UnsupportedImage for other formats, ImageTooLarge over a limit, and BadImage for damaged files.
    """
    if not data:
        raise BadImage("The file is empty.")
    limits.check_bytes(len(data))
    if decoding.decoder == "tensorflow" and data.startswith(_JPEG_START):
        return _decode_jpeg(data, decoding, limits)
    return _decode_with_pillow(data, decoding, limits)


def _decode_jpeg(data: bytes, decoding: Decoding, limits: Limits) -> Pixels:
    header = read_header(data)
    limits.check_pixels(header.width, header.height)
    pixels = jpeg.decode(data, header, decoding)
    if decoding.orientation == "ignore":
        return pixels
    with _opened(data, limits) as image:
        return upright(pixels, orientation(image))


def _decode_with_pillow(data: bytes, decoding: Decoding, limits: Limits) -> Pixels:
    with _opened(data, limits) as image:
        image.load()
        if decoding.decoder == "pillow":
            pixels = _as_pillow(image, decoding.channels)
        else:
            pixels = _as_tensorflow(image, data, decoding.channels, limits)
        return upright(pixels, orientation(image)) if decoding.orientation == "apply" else np.ascontiguousarray(pixels)


@contextmanager
def _opened(data: bytes, limits: Limits) -> Iterator[Image.Image]:
    """The file opened by Pillow, whose errors within the block become BadImage."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            limits.check_pixels(*image.size)
            yield image
    except UnidentifiedImageError as error:
        if data.startswith(_JPEG_START) or _OTHER_STARTS.match(data):
            raise BadImage("The image is damaged: its header cannot be read.") from error
        raise UnsupportedImage(f"This is not an image in one of the formats {', '.join(FORMATS)}.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        most = min(limits.max_pixels, _PILLOW_PIXELS)
        raise ImageTooLarge(f"The picture has too many pixels; at most {most:,} in all are accepted.") from error
    except BadImage:
        raise
    except Exception as error:  # Pillow's decoders raise many types on damaged files
        raise BadImage(f"The image is damaged: {str(error).rstrip('.')}.") from error


def _as_pillow(image: Image.Image, channels: int) -> Pixels:
    image.info.pop("transparency", None)  # which changes no pixel here, but of which Pillow would warn
    pixels = _converted(image, "L" if channels == 1 else "RGB")
    return pixels[..., np.newaxis] if channels == 1 else pixels


def _converted(image: Image.Image, mode: str) -> Pixels:
    # To convert to the same mode copies.
    return np.asarray(image if image.mode == mode else image.convert(mode))


def _as_tensorflow(image: Image.Image, data: bytes, channels: int, limits: Limits) -> Pixels:
    """The pixels as TensorFlow converts them; alpha that it refuses to drop is dropped."""
    if image.format == "PNG":
        return png.decode(image, data, channels)
    if channels == 1:
        raise BadImage(f"The model takes gray pictures, and TensorFlow makes none of a {image.format}.")
    if image.format == "GIF":
        return gif.decode(image, data, limits)
    if image.format == "BMP":
        return bmp.decode(image, data, channels)
    return _converted(image, "RGB" if channels == 3 else image.mode)
