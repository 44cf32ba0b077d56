"""JPEG files to pixels, bit for bit as TensorFlow decodes them.

TensorFlow and simplejpeg both run libjpeg-turbo, so the pixels agree once the same inverse DCT and chroma upsampling
are chosen. What differs is what each does with damaged files: TensorFlow refuses a file that ends before its end
marker, and decodes everything else that libjpeg only warns about; simplejpeg takes or refuses all warnings alike.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image

from predictor.errors import BadImage
from predictor.metadata import Decoding

# Marker codes, ITU-T T.81 table B.1.
_START_OF_IMAGE = b"\xff\xd8"
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_END_OF_IMAGE = 0xD9
_START_OF_SCAN = 0xDA
_ADOBE = 0xEE
_NEXT_MARKER = re.compile(rb"\xff+([^\x00\xff])")
_INKS = 4  # components of a JPEG for print: cyan, magenta, yellow, black
_WITHOUT_LENGTH = frozenset((0x01, *range(0xD0, 0xD9)))


@dataclass(frozen=True)
class _Segment:
    """One marker with its parameters: data[start:end]; `code` is the marker's second byte."""

    code: int
    start: int
    end: int


@dataclass(frozen=True)
class Header:
    """What the segments before the first scan say."""

    height: int
    width: int
    components: int
    adobe: bool


def _segments(data: bytes) -> Iterator[_Segment]:
    """The segments after the start; ends without an end-of-image segment where the file is cut off."""
    position = len(_START_OF_IMAGE)
    while marker := _NEXT_MARKER.search(data, position):
        code, end = marker[1][0], marker.end()
        if code not in _WITHOUT_LENGTH and code != _END_OF_IMAGE:
            end += max(2, int.from_bytes(data[end : end + 2], "big"))
        yield _Segment(code, marker.end() - 2, end)
        if code == _END_OF_IMAGE:
            return
        position = end


def read_header(data: bytes) -> Header:
    """Read size and colour of a JPEG without decoding it; BadImage when it has no picture."""
    frame, adobe = None, False
    for segment in _segments(data):
        body = data[segment.start + 4 : segment.end]
        if segment.code == _START_OF_SCAN:
            break
        if segment.code in _START_OF_FRAME and len(body) >= 6:
            frame = body
        adobe |= segment.code == _ADOBE and body.startswith(b"Adobe") and len(body) >= 12
    else:
        raise BadImage("The JPEG is cut off before its picture begins.")
    if frame is None:
        raise BadImage("The JPEG is damaged: it does not say how large its picture is.")
    height, width = int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big")
    return Header(height, width, components=frame[5], adobe=adobe)


def decode(data: bytes, header: Header, decoding: Decoding) -> npt.NDArray[np.uint8]:
    """The pixels, uint8 [height, width, 3 or 1]; BadImage when the file is cut off or its data make no picture."""
    if header.components == _INKS and decoding.channels == 1:
        raise BadImage("The model takes gray pictures, and TensorFlow makes none of a JPEG in four inks.")
    try:
        return _decode(data, header, decoding, strict=True)
    except ValueError:
        if not _is_complete(data):
            raise BadImage("The JPEG is cut off before its end.") from None
    clean = _without_stray_bytes(data)
    try:
        return _decode(clean, header, decoding, strict=False)
    except ValueError as error:
        if "subsampling" in str(error):
            return _decode_with_pillow(clean)
        raise BadImage(f"The JPEG is damaged: {error}.") from error


def _is_complete(data: bytes) -> bool:
    return any(segment.code == _END_OF_IMAGE for segment in _segments(data))


def _without_stray_bytes(data: bytes) -> bytes:
    """The file without what lies between the segments of its header, which libjpeg skips and simplejpeg refuses."""
    kept = [_START_OF_IMAGE]
    for segment in _segments(data):
        if segment.code == _START_OF_SCAN:
            return b"".join([*kept, data[segment.start :]])
        kept.append(data[segment.start : segment.end])
    return data


def _decode(data: bytes, header: Header, decoding: Decoding, *, strict: bool) -> npt.NDArray[np.uint8]:
    gray = (decoding.channels or header.components) == 1
    four_inks = header.components == _INKS
    pixels: npt.NDArray[np.uint8] = simplejpeg.decode_jpeg(
        data,
        colorspace="CMYK" if four_inks else "GRAY" if gray else "RGB",
        fastdct=decoding.jpeg_transform == "fast",
        fastupsample=not decoding.jpeg_smooth_chroma,
        # Only one scale gives this size, but for pictures of up to 5 pixels a side.
        min_height=-(-header.height // decoding.jpeg_ratio),
        min_width=-(-header.width // decoding.jpeg_ratio),
        strict=strict,
    )
    return _cmyk_to_rgb(pixels, inverted=header.adobe) if four_inks else pixels


def _decode_with_pillow(data: bytes) -> npt.NDArray[np.uint8]:
    """Decode the rare chroma layouts that simplejpeg does not know; with the accurate transform, a few levels off."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            if image.mode == "CMYK":
                return _cmyk_to_rgb(np.asarray(image), inverted=False)  # Pillow has inverted Adobe's inks already
            return np.ascontiguousarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise BadImage(f"The JPEG is damaged: {error}.") from error


def _cmyk_to_rgb(cmyk: npt.NDArray[np.uint8], *, inverted: bool) -> npt.NDArray[np.uint8]:
    """uint8 [height, width, 4] to [height, width, 3], as tensorflow/core/lib/jpeg/jpeg_mem.cc does it."""
    rgb = np.empty((*cmyk.shape[:2], 3), np.uint8)
    for inks, colours in zip(cmyk, rgb):  # row by row: the products need 16 bits
        paper = (inks if inverted else 255 - inks).astype(np.uint16)  # Adobe writes its inks inverted
        colours[:] = paper[:, :3] * paper[:, 3:] // 255
    return rgb
