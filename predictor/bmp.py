"""BMP files to pixels, as TensorFlow takes them."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt
from PIL import Image

# The headers of file and bitmap; offsets in the file.
_PIXELS_START = 10
_HEIGHT = 22
_BITS_AND_COMPRESSION = 28
_UNCOMPRESSED = 0
_BIT_FIELDS = 3


def decode(image: Image.Image, data: bytes, channels: int) -> npt.NDArray[np.uint8]:
    """uint8 [height, width, 3], or, where `channels` is 0, with the file's own 1, 3 or 4 channels."""
    bits, compression = struct.unpack_from("<HI", data, _BITS_AND_COMPRESSION)
    if bits == 8 and compression == _UNCOMPRESSED:  # TensorFlow takes the palette's indices for gray
        return np.repeat(_bytes(image.size, data, 1), channels or 1, axis=2)
    if channels == 0 and bits == 32 and compression in (_UNCOMPRESSED, _BIT_FIELDS):
        # Blue, green, red, and the byte that Pillow drops unless the file calls it alpha.
        return _bytes(image.size, data, 4)[..., [2, 1, 0, 3]]
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _bytes(size: tuple[int, int], data: bytes, pixel: int) -> npt.NDArray[np.uint8]:
    """The bytes of each pixel, uint8 [height, width, pixel], as they stand in the file."""
    width, height = size
    (start,), (signed_height,) = struct.unpack_from("<I", data, _PIXELS_START), struct.unpack_from("<i", data, _HEIGHT)
    row = -(-width * pixel // 4) * 4  # rows are padded to four bytes
    rows = np.frombuffer(data, np.uint8, height * row, start).reshape(height, row)
    upwards = signed_height > 0
    return rows[:: -1 if upwards else 1, : width * pixel].reshape(height, width, pixel)
