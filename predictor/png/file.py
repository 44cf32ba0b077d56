"""PNG files to pixels, as TensorFlow has libpng read them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from predictor.bands import bands, converted, gathered
from predictor.errors import BadImage, ImageTooLarge
from predictor.joined import joined
from predictor.limits import Limits
from predictor.png.chunks import NO_CHECKSUM, SIGNATURE, Chunk, head, read_chunks
from predictor.png.gray import to_gray
from predictor.png.texts import TEXTS, read_orientation

_Pixels = npt.NDArray[np.uint8]

# PNG specification, 11.2.2; offsets in the header.
_HEADER_LENGTH = 13
_BIT_DEPTH, _COLOUR_TYPE = 8, 9
_GRAY, _PALETTE, _GRAY_AND_ALPHA = 0, 3, 4
_SAMPLES = {_GRAY: 1, 2: 3, _PALETTE: 1, _GRAY_AND_ALPHA: 2, 6: 4}
_CHANNELS = {_GRAY: 1, 2: 3, _PALETTE: 3, _GRAY_AND_ALPHA: 2, 6: 4}

# The CRC-32s of the profiles in which libpng 1.6 recognises sRGB: those of the ICC, and Hewlett-Packard's.
_SRGB_PROFILES = frozenset((0x3B8772B9, 0x427EBB21, 0x306FD8AE, 0xBBEF7812, 0x5D5129CE, 0x182EA552, 0xF29E526D))
_LONGEST_PROFILE = 1 << 16  # bytes; the longest of these has 60,960
# Beside its pixels a row has the number of its filter; if it is interlaced, in several parts that fill whole bytes.
_BYTES_A_ROW, _BYTES_ALWAYS = 4, 4096
_SRGB_GAMMA = 45_455  # libpng's gammas have five decimals


@dataclass(frozen=True)
class Png:
    """A PNG.

    before: the first chunk of each name before the pixels.
    parts: the chunks of the pixels; of an animation, those of the picture for programs that show none.
    texts: the chunks that may say how the picture is to be turned.
    """

    data: bytes
    before: dict[bytes, Chunk]
    parts: list[Chunk]
    texts: list[Chunk]

    @classmethod
    def read(cls, data: bytes) -> Png:
        """Find the chunks; raises BadImage without a header or pixels, ImageTooLarge with too many chunks."""
        png, complete = cls(data, {}, [], []), False
        for chunk in read_chunks(data):
            if not png.before and chunk.name != b"IHDR":
                raise BadImage("The image is damaged: its header does not come first.")
            if chunk.name in TEXTS:
                png.texts.append(chunk)
            if chunk.name == b"IDAT" and not complete:
                png.parts.append(chunk)
            elif not png.parts:
                png.before.setdefault(chunk.name, chunk)
            complete = complete or (bool(png.parts) and chunk.name != b"IDAT")
        if not png.parts or len(png._body(b"IHDR")) != _HEADER_LENGTH:
            raise BadImage("The image is damaged: it ends before its picture begins.")
        if sum(part.end - part.start for part in png.parts) > png._most_bytes():
            raise ImageTooLarge("The PNG's data are longer than its pixels; save it anew to have it labelled.")
        return png

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        header = self._body(b"IHDR")
        return int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")

    def still(self) -> Sequence[bytes | memoryview]:
        """The header, the palette and its transparency as they are, and the pixels in one chunk."""
        names = [name for name in (b"IHDR", b"PLTE", b"tRNS") if name in self.before]
        whole = [self.before[name].whole(self.data) for name in names]
        view = memoryview(self.data)
        pixels = [view[part.start : part.end] for part in self.parts]
        before = head(b"IDAT", sum(map(len, pixels)))
        return [SIGNATURE, *whole, before, *pixels, NO_CHECKSUM, head(b"IEND", 0), NO_CHECKSUM]

    def orientation(self) -> int:
        """How the picture is to be turned, 1 to 8 by EXIF."""
        return read_orientation(self.data, self.texts)

    def pixels(self, image: Image.Image, channels: int, limits: Limits) -> _Pixels:
        """uint8 [height, width, channels], where 0 channels are the file's own 1 to 4; 16 bits lose the lower eight."""
        colour_type = self._body(b"IHDR")[_COLOUR_TYPE]
        transparent_palette = colour_type == _PALETTE and "transparency" in image.info
        wanted = channels or (4 if transparent_palette else _CHANNELS[colour_type])
        if colour_type in (_GRAY, _GRAY_AND_ALPHA):
            return gathered(image, lambda band: _with_channels(_gray(band), wanted))
        if wanted == 4:
            return converted(image, "RGBA")
        image.info.pop("transparency", None)  # of which Pillow would warn
        rgb = converted(image, "RGB")
        if wanted == 3:
            return rgb
        image.close()  # its memory is needed
        return self._gray_of_colours(rgb)

    def _most_bytes(self) -> int:
        """How long the data of the pixels may be: a little longer than the pixels, which compressing makes shorter."""
        (width, height), header = self.size, self._body(b"IHDR")
        samples = _SAMPLES.get(header[_COLOUR_TYPE], 1)
        row = -(-width * samples * header[_BIT_DEPTH] // 8) + _BYTES_A_ROW
        return height * row * 5 // 4 + _BYTES_ALWAYS

    def _body(self, name: bytes) -> bytes:
        chunk = self.before.get(name)
        return self.data[chunk.start : chunk.end] if chunk else b""

    def _gray_of_colours(self, rgb: _Pixels) -> _Pixels:
        """The colours weighed with all their bits: of 16, Pillow gives the higher eight only, in `rgb`."""
        if self._body(b"IHDR")[_BIT_DEPTH] < 16:
            return to_gray(rgb, self._gamma())
        gray = np.empty((*rgb.shape[:2], 1), np.uint8)
        with Image.open(joined(self.still()), formats=["PNG"]) as image:
            # Read with its bytes swapped, a picture has the lower eight bits where the higher ones are expected.
            image.tile = [tile._replace(args=str(tile.args).replace(";16B", ";16L")) for tile in image.tile]
            image.load()
            for rows, lower in bands(image):
                gray[rows] = to_gray(rgb[rows].astype(np.uint16) << 8 | np.asarray(lower)[..., :3], self._gamma())
        return gray

    def _gamma(self) -> int | None:
        """The gamma that the file declares for its samples, times 100,000."""
        if self._declared(b"sRGB") or zlib.crc32(self._profile()) in _SRGB_PROFILES:
            return _SRGB_GAMMA
        gamma = self._declared(b"gAMA")
        return int.from_bytes(gamma[:4], "big") if gamma else None

    def _declared(self, name: bytes) -> bytes:
        """The body of a chunk about the colours; libpng ignores those that come late or that are damaged."""
        chunk, palette = self.before.get(name), self.before.get(b"PLTE")
        if chunk is None or (palette and palette.start < chunk.start) or not chunk.is_sound(self.data):
            return b""
        return self._body(name)

    def _profile(self) -> bytes:
        """The beginning of the file's colour profile: all of it, if it is one of those that libpng recognises."""
        _, _, profile = self._declared(b"iCCP").partition(b"\0")
        try:
            return zlib.decompressobj().decompress(profile[1:], _LONGEST_PROFILE)
        except zlib.error:
            return b""


def _with_channels(gray: _Pixels, wanted: int) -> _Pixels:
    return np.repeat(gray[..., :1], 3, axis=2) if wanted == 3 else gray[..., :wanted]


def _gray(image: Image.Image) -> _Pixels:
    """The gray of a file without colours, and its alpha if it has one: uint8 [height, width, 1 or 2]."""
    if image.mode.startswith("I"):  # 16 bits
        return (np.asarray(image) >> 8).astype(np.uint8)[..., np.newaxis]
    if image.mode == "RGBA":  # Pillow opens 16 bits of gray and alpha so
        return np.asarray(image)[..., [0, 3]]
    if image.mode == "LA":
        return np.asarray(image)
    return np.asarray(image.convert("L"))[..., np.newaxis]
