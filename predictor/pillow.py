"""Image files that Pillow opens: all that libjpeg-turbo does not decode for TensorFlow.

Imported by the first such file: a cold start that is answered for a JPEG does without the time Pillow takes to load.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from predictor import bmp, gif, png
from predictor.errors import BadImage, ImageTooLarge, UnsupportedImage
from predictor.jpeg_header import STARTS
from predictor.limits import Limits
from predictor.metadata import Decoding
from predictor.orientation import orientation, upright

_Pixels = npt.NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP")
# The starts that nothing else has: what Pillow does not know in spite of them is damaged.
_OTHER_STARTS = re.compile(rb"\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....WEBP", re.DOTALL)
_PILLOW_PIXELS = 178_956_970  # twice Image.MAX_IMAGE_PIXELS: Pillow refuses more, whatever our own limit


def decode(data: bytes, decoding: Decoding, limits: Limits) -> _Pixels:
    """The pixels of an image file as `decoding` says; raises what `image.decode` raises."""
    with _opened(data, limits) as image:
        image.load()
        if decoding.decoder == "pillow":
            pixels = _as_pillow(image, decoding.channels)
        else:
            pixels = _as_tensorflow(image, data, decoding.channels, limits)
        return upright(pixels, orientation(image)) if decoding.orientation == "apply" else np.ascontiguousarray(pixels)


def turned(pixels: _Pixels, data: bytes, limits: Limits) -> _Pixels:
    """The pixels of a file turned as its EXIF says."""
    with _opened(data, limits) as image:
        return upright(pixels, orientation(image))


@contextmanager
def _opened(data: bytes, limits: Limits) -> Iterator[Image.Image]:
    """The file opened by Pillow, whose errors within the block become BadImage."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            limits.check_pixels(*image.size)
            yield image
    except UnidentifiedImageError as error:
        if data.startswith(STARTS) or _OTHER_STARTS.match(data):
            raise BadImage("The image is damaged: its header cannot be read.") from error
        raise UnsupportedImage(f"This is not an image in one of the formats {', '.join(FORMATS)}.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        most = min(limits.max_pixels, _PILLOW_PIXELS)
        raise ImageTooLarge(f"The picture has too many pixels; at most {most:,} in all are accepted.") from error
    except BadImage:
        raise
    except Exception as error:  # Pillow's decoders raise many types on damaged files
        raise BadImage(f"The image is damaged: {str(error).rstrip('.')}.") from error


def _as_pillow(image: Image.Image, channels: int) -> _Pixels:
    image.info.pop("transparency", None)  # which changes no pixel here, but of which Pillow would warn
    pixels = _converted(image, "L" if channels == 1 else "RGB")
    return pixels[..., np.newaxis] if channels == 1 else pixels


def _converted(image: Image.Image, mode: str) -> _Pixels:
    # To convert to the same mode copies.
    return np.asarray(image if image.mode == mode else image.convert(mode))


def _as_tensorflow(image: Image.Image, data: bytes, channels: int, limits: Limits) -> _Pixels:
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
