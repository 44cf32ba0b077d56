"""BMP files to pixels, as TensorFlow takes them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from predictor.bands import converted
from predictor.bmp.runs import decode_runs
from predictor.errors import BadImage
from predictor.exif import UPRIGHT
from predictor.limits import Limits

_Pixels = npt.NDArray[np.uint8]

# The headers of file and bitmap; offsets in the file, of all headers but that of OS/2, which has 12 bytes.
_PIXELS_START = 10
_HEADER_LENGTH = 14
_SIZE = 18
_BITS_AND_COMPRESSION = 28
_COLOURS = 46
_OS2 = 12
_HEADER_LENGTHS = (_OS2, 40, 52, 56, 64, 108, 124)
_UNCOMPRESSED, _RUNS, _RUNS_OF_FOUR_BITS, _BIT_FIELDS = range(4)
_MOST_COLOURS = 256  # that eight bits can tell apart
_COLOUR_LENGTH = 4


def looks_like_bmp(start: bytes) -> bool:
    """Whether a file that begins so is a BMP; the two letters that each begins with begin texts, too."""
    length = int.from_bytes(start[_HEADER_LENGTH : _HEADER_LENGTH + 4], "little")
    return start.startswith(b"BM") and length in _HEADER_LENGTHS


@dataclass(frozen=True)
class Bmp:
    """A BMP: its size, whether its first row is the lowest, and how its pixels are stored."""

    data: bytes
    width: int
    height: int
    upwards: bool
    bits: int
    compression: int

    @classmethod
    def read(cls, data: bytes) -> Bmp:
        """Read the header; raises BadImage when it is cut off."""
        try:
            if data[_HEADER_LENGTH] == _OS2:
                width, height, _, bits = struct.unpack_from("<HHHH", data, _SIZE)
                return cls(data, width, height, True, bits, _UNCOMPRESSED)
            width, height = struct.unpack_from("<Ii", data, _SIZE)
            bits, compression = struct.unpack_from("<HI", data, _BITS_AND_COMPRESSION)
        except struct.error as error:
            raise BadImage("The image is damaged: its header cannot be read.") from error
        return cls(data, width, abs(height), height > 0, bits, compression)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height

    def still(self) -> Sequence[bytes | memoryview]:
        """The file without run lengths, and with no more colours than it can use: Pillow looks at each."""
        if self.compression in (_RUNS, _RUNS_OF_FOUR_BITS):
            return self._without_runs()
        is_indexed = self.bits <= 8 and self.data[_HEADER_LENGTH] != _OS2
        if is_indexed and int.from_bytes(self.data[_COLOURS : _COLOURS + 4], "little") > _MOST_COLOURS:
            view = memoryview(self.data)
            return [view[:_COLOURS], struct.pack("<I", _MOST_COLOURS), view[_COLOURS + 4 :]]
        return [self.data]

    def orientation(self) -> int:
        """Upright: a BMP does not say."""
        return UPRIGHT

    def pixels(self, image: Image.Image, channels: int, limits: Limits) -> _Pixels:
        """uint8 [height, width, 3], or, where `channels` is 0, with the file's own 1, 3 or 4 channels."""
        if self.data[_HEADER_LENGTH] != _OS2:
            if self.bits == 8 and self.compression == _UNCOMPRESSED:  # TensorFlow takes the palette's indices for gray
                return np.repeat(self._bytes(1), channels or 1, axis=2)
            if channels == 0 and self.bits == 32 and self.compression in (_UNCOMPRESSED, _BIT_FIELDS):
                # Blue, green, red, and the byte that Pillow drops unless the file calls it alpha.
                return self._bytes(4)[..., [2, 1, 0, 3]]
        return converted(image, "RGB")

    def _bytes(self, pixel: int) -> _Pixels:
        """The bytes of each pixel, uint8 [height, width, pixel], as they stand in the file."""
        (start,) = struct.unpack_from("<I", self.data, _PIXELS_START)
        row = -(-self.width * pixel // 4) * 4  # rows are padded to four bytes
        rows = np.frombuffer(self.data, np.uint8, self.height * row, start).reshape(self.height, row)
        return rows[:: -1 if self.upwards else 1, : self.width * pixel].reshape(self.height, self.width, pixel)

    def _without_runs(self) -> Sequence[bytes | memoryview]:
        """The same picture with a byte for each pixel."""
        start, header = struct.unpack_from("<II", self.data, _PIXELS_START)
        (colours,) = struct.unpack_from("<I", self.data, _COLOURS)
        palette_start = _HEADER_LENGTH + header
        palette_end = palette_start + _COLOUR_LENGTH * min(colours or 1 << self.bits, _MOST_COLOURS)
        four_bits = self.compression == _RUNS_OF_FOUR_BITS
        indices = decode_runs(self.data, start or palette_end, self.width, self.height, four_bits=four_bits)
        row = -(-self.width // 4) * 4
        rows = np.zeros((self.height, row), np.uint8)
        rows[:, : self.width] = np.frombuffer(indices, np.uint8).reshape(self.height, self.width)
        palette = self.data[palette_start:palette_end].ljust(_COLOUR_LENGTH * _MOST_COLOURS, b"\0")
        height = self.height if self.upwards else -self.height
        bitmap = struct.pack("<IiiHHIIiiII", 40, self.width, height, 1, 8, _UNCOMPRESSED, 0, 0, 0, 0, 0)
        pixels_start = struct.pack("<I", _HEADER_LENGTH + len(bitmap) + len(palette))
        return [self.data[:_PIXELS_START], pixels_start, bitmap, palette, rows.reshape(-1).data]
