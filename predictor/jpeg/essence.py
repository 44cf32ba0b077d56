"""The parts of a JPEG that the decoders need, and its orientation."""

from __future__ import annotations

from predictor.errors import BadImage
from predictor.exif import orientation
from predictor.jpeg.segments import END_OF_IMAGE, START_OF_IMAGE, START_OF_SCAN, body, segments

# Marker codes, ITU-T T.81 table B.1.
_APPLICATIONS = frozenset(range(0xE0, 0xF0))
_JFIF, _EXIF_OR_XMP, _ADOBE = 0xE0, 0xE1, 0xEE
_COMMENT = 0xFE
_SAYS_NOTHING = (_APPLICATIONS | {_COMMENT}) - {_JFIF, _ADOBE}  # of the colours, to libjpeg

_EXIF_START = b"Exif\0\0"
_XMP_START = b"http://ns.adobe.com/xap/1.0/\0"


def essence(data: bytes) -> list[memoryview]:
    """The file, in parts, with nothing in its header but what libjpeg decodes the picture by.

    It has no stray bytes between its segments, which libjpeg skips and simplejpeg refuses, and nothing of what cameras
    and programs say of a picture, which Pillow would read.
    """
    view = memoryview(data)
    kept = [view[: len(START_OF_IMAGE)]]
    for segment in segments(data):
        if segment.code == START_OF_SCAN:
            return [*kept, view[segment.start :]]
        if segment.code not in _SAYS_NOTHING:
            kept.append(view[segment.start : segment.end])
    return [view]


def check_complete(data: bytes) -> None:
    """BadImage when the end that the file should have is not there."""
    if not any(segment.code == END_OF_IMAGE for segment in segments(data)):
        raise BadImage("The JPEG is cut off before its end.")


def read_orientation(data: bytes, *, only_first: bool = False) -> int:
    """How the picture is to be turned, 1 to 8 by EXIF: as Pillow does, several segments joined, or the last XMP.

    only_first: as OpenCV does, which looks into the first segment with EXIF, and does not know XMP.
    """
    exif: list[bytes] = []
    xmp = None
    for segment in segments(data):
        if segment.code == START_OF_SCAN:
            break
        if segment.code != _EXIF_OR_XMP:
            continue
        said = body(data, segment)
        if said.startswith(_EXIF_START):
            exif.append(said[len(_EXIF_START) :] if exif else said)
        elif said.startswith(_XMP_START) and not only_first:
            xmp = said[len(_XMP_START) :]
        if only_first and exif:
            break
    return orientation(b"".join(exif) if exif else None, xmp)
