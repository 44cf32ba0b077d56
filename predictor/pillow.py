"""Image files that Pillow opens: all that libjpeg-turbo does not decode.

Imported by the first such file: a cold start that is answered for a JPEG does without the time Pillow takes to load.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from predictor import opencv
from predictor.bands import converted
from predictor.bmp.file import Bmp
from predictor.container import Container, Still
from predictor.errors import BadImage, ImageTooLarge
from predictor.exif import UPRIGHT
from predictor.formats import Format
from predictor.gif.file import Gif
from predictor.joined import joined
from predictor.jpeg.file import Jpeg
from predictor.limits import Limits
from predictor.memory import check_memory, check_room
from predictor.metadata import Decoding
from predictor.orientation import upright
from predictor.png.file import Png
from predictor.webp.file import WebP

_Pixels = npt.NDArray[np.uint8]

_CONTAINERS: Mapping[Format, Callable[[bytes], Container]] = {
    "PNG": Png.read,
    "GIF": Gif.read,
    "BMP": Bmp.read,
    "WEBP": WebP.read,
}
_STILLS: Mapping[Format, Callable[[bytes], Still]] = {"JPEG": Jpeg.read, **_CONTAINERS}
_PILLOW_PIXELS = 178_956_970  # twice Image.MAX_IMAGE_PIXELS: Pillow refuses more, whatever our own limit


def decode(data: bytes, format_: Format, decoding: Decoding, limits: Limits) -> _Pixels:
    """The pixels of an image file as `decoding` says; raises what `image.decode` raises."""
    if decoding.decoder == "pillow":
        still = _STILLS[format_](data)
        pixels = _as_pillow(still, format_, decoding.channels, limits)
    elif decoding.decoder in ("opencv", "chromium"):
        read = _as_opencv if decoding.decoder == "opencv" else _as_chromium
        return read(_CONTAINERS[format_](data), format_, decoding.channels, limits)  # upright, or as it is drawn
    elif decoding.channels == 1 and format_ != "PNG":
        raise BadImage(f"The model takes gray pictures, and TensorFlow makes none of a {format_}.")
    else:
        still = container = _CONTAINERS[format_](data)
        pixels = _as_tensorflow(container, format_, decoding.channels, limits)
    return upright(pixels, still.orientation() if decoding.orientation == "apply" else UPRIGHT)


def orientation(data: bytes, format_: Format) -> int:
    """How the picture is to be turned, 1 to 8 by EXIF."""
    return _STILLS[format_](data).orientation()


def _as_pillow(still: Still, format_: Format, channels: int, limits: Limits) -> _Pixels:
    with _opened(still, format_, limits) as image:
        image.info.pop("transparency", None)  # which changes no pixel here, but of which Pillow would warn
        return converted(image, "L" if channels == 1 else "RGB")


def _as_tensorflow(container: Container, format_: Format, channels: int, limits: Limits) -> _Pixels:
    """The pixels as TensorFlow converts them; alpha that it refuses to drop is dropped."""
    with _opened(container, format_, limits) as image:
        return container.pixels(image, channels, limits)


def _as_opencv(container: Container, format_: Format, channels: int, limits: Limits) -> _Pixels:
    """The pixels as OpenCV makes them: of a PNG by libpng, as TensorFlow does."""
    with _opened(container, format_, limits) as image:
        if format_ == "PNG":
            return container.pixels(image, channels, limits)
        image.info.pop("transparency", None)
        rgb = converted(image, "RGB")
    return opencv.gray(rgb, by_decoder=format_ == "BMP") if channels == 1 else rgb


def _as_chromium(container: Container, format_: Format, channels: int, limits: Limits) -> _Pixels:
    """The pixels, and alpha, by which the colours are multiplied, as a fourth channel where the file has it."""
    with _opened(container, format_, limits) as image:
        if format_ == "PNG":
            pixels = container.pixels(image, 0, limits)
            if pixels.shape[2] < 3:
                pixels = pixels[..., [0, 0, 0, 1][: pixels.shape[2] + 2]]
        else:
            pixels = converted(image, "RGBA" if image.mode == "RGBA" or "transparency" in image.info else "RGB")
    if pixels.shape[2] == 4:
        half = 0 if format_ == "WEBP" else 127  # libwebp cuts off what Chromium rounds
        for row in (pixels := pixels.copy()):
            row[:, :3] = (row[:, :3].astype(np.uint16) * row[:, 3:] + half) // 255
    return pixels


@contextmanager
def _opened(still: Still, format_: Format, limits: Limits) -> Iterator[Image.Image]:
    """The first picture, decoded by Pillow, whose errors within the block become BadImage or MemoryError."""
    limits.check_pixels(*still.size)
    file = joined(still.still())
    try:
        with Image.open(file, formats=[format_]) as image:
            limits.check_pixels(*image.size)
            image.load()
            yield image
    except UnidentifiedImageError as error:
        raise BadImage("The image is damaged: its header cannot be read.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        most = min(limits.max_pixels, _PILLOW_PIXELS)
        raise ImageTooLarge(f"The picture has too many pixels; at most {most:,} in all are accepted.") from error
    except BadImage:
        raise
    except Exception as error:  # Pillow's decoders raise many types on damaged files
        check_memory(error)
        check_room(*still.size)
        raise BadImage(f"The image is damaged: {str(error).rstrip('.')}.") from error
