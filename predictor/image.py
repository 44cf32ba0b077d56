"""Image files to pixels, as TensorFlow's `decode_image` makes them, or Pillow, OpenCV or Chromium."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import numpy.typing as npt

from predictor.errors import BadImage
from predictor.jpeg import decoder
from predictor.jpeg.essence import read_orientation
from predictor.jpeg.header import STARTS, Header, read_header
from predictor.limits import Limits
from predictor.metadata import Decoding, JpegRatio
from predictor.orientation import upright

Pixels = npt.NDArray[np.uint8]
"""One decoded picture: uint8 [height, width, channels], 0 to 255; three channels are RGB, one is gray."""


def decode(data: bytes, decoding: Decoding, limits: Limits) -> Pixels:
    """The pixels of an image file; of an animation, those of its first frame.

    Raises UnsupportedImage for other formats, ImageTooLarge over a limit, BadImage for damaged files, and MemoryError
    when there is not enough memory now.
    """
    if not data:
        raise BadImage("The file is empty.")
    limits.check_bytes(len(data))
    if decoding.decoder != "pillow" and data.startswith(STARTS):
        return _decode_jpeg(data, decoding, limits)
    from predictor import formats, pillow

    return pillow.decode(data, formats.recognise(data), decoding, limits)


def _decode_jpeg(data: bytes, decoding: Decoding, limits: Limits) -> Pixels:
    header = read_header(data)
    limits.check_pixels(header.width, header.height)
    if decoding.decoder == "chromium" and not _is_reduced(header, decoding.jpeg_least):
        decoding = replace(decoding, jpeg_least=0)
    pixels = decoder.decode(data, header, decoding.of_jpeg(header.height, header.width))
    if decoding.orientation == "ignore" or decoding.decoder == "chromium":  # whose canvas turns what it draws
        return pixels
    return upright(pixels, read_orientation(data, only_first=decoding.decoder == "opencv"))


def _is_reduced(header: Header, least: int) -> bool:
    """Whether Chromium has libjpeg reduce the picture: it does where that makes exactly the level that it draws."""
    largest: int = max(get_args(JpegRatio))
    return header.is_whole_blocks and min(header.height, header.width) < 2 * largest * least
