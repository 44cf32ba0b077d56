"""JPEG files to pixels, bit for bit as TensorFlow decodes them.

TensorFlow and simplejpeg both run libjpeg-turbo, so the pixels agree once the same inverse DCT and chroma upsampling
are chosen. What differs is what each does with damaged files: TensorFlow refuses a file that ends before its end
marker, and decodes everything else that libjpeg only warns about; simplejpeg takes or refuses all warnings alike.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import simplejpeg

from predictor.errors import BadImage
from predictor.jpeg import layout
from predictor.jpeg.essence import check_complete, essence
from predictor.jpeg.header import INKS, Header
from predictor.jpeg.scans import check_scans
from predictor.memory import check_memory
from predictor.metadata import Decoding

# In pictures of up to so many pixels a side several scales give one size, and simplejpeg takes the largest.
_AMBIGUOUS = 5
_BLOCK = 1 << 16  # pixels whose inks are mixed at once: the products need 16 bits


def decode(data: bytes, header: Header, decoding: Decoding) -> npt.NDArray[np.uint8]:
    """The pixels, uint8 [height, width, 3 or 1].

    Raises BadImage when the file is cut off or its data make no picture, ImageTooLarge when it is too much work.
    """
    if header.components != INKS:
        return _samples(data, header, decoding)
    if decoding.channels == 1 and decoding.decoder == "tensorflow":
        raise BadImage("The model takes gray pictures, and TensorFlow makes none of a JPEG in four inks.")
    inks = _samples(data, header, replace(decoding, channels=3))
    if decoding.decoder != "opencv":
        return _rgb(inks, header)
    from predictor import opencv  # for few models

    return opencv.mixed(inks, decoding.channels)


def _samples(data: bytes, header: Header, decoding: Decoding) -> npt.NDArray[np.uint8]:
    """The pixels, or inks as the file has them, uint8 [height, width, 4]."""
    if header.has_scans:
        check_scans(data, header)
    if decoding.jpeg_ratio > 1 and max(header.height, header.width) <= _AMBIGUOUS:
        check_complete(data)
        return layout.decode(essence(data), header, decoding)
    if not header.has_scans:  # where there are more, decoding takes too long to try it twice
        try:
            return _decode(data, header, decoding, strict=True)
        except ValueError:
            check_complete(data)
    return _decode_leniently(data, header, decoding)


def _decode_leniently(data: bytes, header: Header, decoding: Decoding) -> npt.NDArray[np.uint8]:
    try:
        clean = b"".join(essence(data)) if header.has_strays else data
        return _decode(clean, header, decoding, strict=False)
    except ValueError as error:
        if "subsampling" in str(error):
            return layout.decode(essence(data), header, decoding)
        check_memory(error)
        raise BadImage(f"The JPEG is damaged: {str(error).rstrip('.')}.") from error


def _decode(data: bytes, header: Header, decoding: Decoding, *, strict: bool) -> npt.NDArray[np.uint8]:
    gray = (decoding.channels or header.components) == 1
    pixels: npt.NDArray[np.uint8] = simplejpeg.decode_jpeg(
        data,
        colorspace="CMYK" if header.components == INKS else "GRAY" if gray else "RGB",
        fastdct=decoding.jpeg_transform == "fast",
        fastupsample=not decoding.jpeg_smooth_chroma,
        min_height=-(-header.height // decoding.jpeg_ratio),
        min_width=-(-header.width // decoding.jpeg_ratio),
        strict=strict,
    )
    return pixels


def _rgb(pixels: npt.NDArray[np.uint8], header: Header) -> npt.NDArray[np.uint8]:
    """Inks, uint8 [height, width, 4], to [height, width, 3] as tensorflow/core/lib/jpeg/jpeg_mem.cc does it."""
    inks, rgb = pixels.reshape(-1, INKS), np.empty((*pixels.shape[:2], 3), np.uint8)
    colours = rgb.reshape(-1, 3)
    for start in range(0, len(inks), _BLOCK):
        block = slice(start, start + _BLOCK)
        paper = (255 - inks[block] if header.adobe is None else inks[block]).astype(np.uint16)  # Adobe's are inverted
        colours[block] = paper[:, :3] * paper[:, 3:] // 255
    return rgb
