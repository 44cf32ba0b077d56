"""JPEG files to pixels, bit for bit as TensorFlow decodes them.

TensorFlow and simplejpeg both run libjpeg-turbo, so the pixels agree once the same inverse DCT and chroma upsampling
are chosen. What differs is what each does with damaged files: TensorFlow refuses a file that ends before its end
marker, and decodes everything else that libjpeg only warns about; simplejpeg takes or refuses all warnings alike.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import simplejpeg

from predictor import jpeg_layout
from predictor.errors import BadImage
from predictor.jpeg_header import INKS, Header, check_complete, without_stray_bytes
from predictor.metadata import Decoding

# In pictures of up to so many pixels a side several scales give one size, and simplejpeg takes the largest.
_AMBIGUOUS = 5


def decode(data: bytes, header: Header, decoding: Decoding) -> npt.NDArray[np.uint8]:
    """The pixels, uint8 [height, width, 3 or 1]; BadImage when the file is cut off or its data make no picture."""
    if header.components == INKS and decoding.channels == 1:
        raise BadImage("The model takes gray pictures, and TensorFlow makes none of a JPEG in four inks.")
    if decoding.jpeg_ratio > 1 and max(header.height, header.width) <= _AMBIGUOUS:
        check_complete(data)
        return _rgb(jpeg_layout.decode(data, header, decoding), header)
    try:
        return _decode(data, header, decoding, strict=True)
    except ValueError:
        check_complete(data)
    clean = without_stray_bytes(data)
    try:
        return _decode(clean, header, decoding, strict=False)
    except ValueError as error:
        if "subsampling" in str(error):
            return _rgb(jpeg_layout.decode(clean, header, decoding), header)
        raise BadImage(f"The JPEG is damaged: {error}.") from error


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
    return _rgb(pixels, header)


def _rgb(pixels: npt.NDArray[np.uint8], header: Header) -> npt.NDArray[np.uint8]:
    """Inks, uint8 [height, width, 4], to [height, width, 3] as tensorflow/core/lib/jpeg/jpeg_mem.cc does it."""
    if header.components != INKS:
        return pixels
    rgb = np.empty((*pixels.shape[:2], 3), np.uint8)
    for inks, colours in zip(pixels, rgb):  # row by row: the products need 16 bits
        paper = (255 - inks if header.adobe is None else inks).astype(np.uint16)  # Adobe writes its inks inverted
        colours[:] = paper[:, :3] * paper[:, 3:] // 255
    return rgb
