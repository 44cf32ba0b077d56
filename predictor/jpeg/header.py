"""The header of a JPEG."""

from __future__ import annotations

from typing import NamedTuple

from predictor.errors import BadImage
from predictor.jpeg.segments import START_OF_IMAGE, START_OF_SCAN, Segment, body, segments

STARTS = START_OF_IMAGE + b"\xff"  # of every file: the start of the image, and of the marker that follows
INKS = 4  # components of a JPEG for print: cyan, magenta, yellow, black

# Marker codes, ITU-T T.81 table B.1.
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset((0xC2, 0xCA))
_ARITHMETIC = frozenset(range(0xC9, 0xCF))
_ADOBE = 0xEE
_BLOCK = 8  # samples a side


class Header(NamedTuple):
    """The contents of the segments up to the first scan.

    identifiers: what the scans call the components, which are the colours or inks.
    sampling: across and down, how many samples each component has for one of a component that has one.
    adobe: the colour transform that Adobe's segment says, 0 for none; None without such a segment.
    is_arithmetic, has_scans: whether the picture is coded so, and whether it is stored in several scans.
    has_strays: whether other bytes lie between the segments.
    """

    height: int
    width: int
    identifiers: tuple[int, ...]
    sampling: tuple[tuple[int, int], ...]
    adobe: int | None
    is_arithmetic: bool
    has_scans: bool
    has_strays: bool

    @property
    def components(self) -> int:
        """How many colours or inks each pixel has."""
        return len(self.sampling)

    @property
    def is_whole_blocks(self) -> bool:
        """Whether no block of the picture, with all samples of its colours, reaches over its borders."""
        across, down = (max(factors) for factors in zip(*self.sampling))
        return not (self.width % (_BLOCK * across) or self.height % (_BLOCK * down))


def read_header(data: bytes) -> Header:
    """Read size and colour of a JPEG without decoding it; BadImage when it has no picture."""
    frame, adobe, strays, end = None, None, 0, len(START_OF_IMAGE)
    for segment in segments(data):
        strays, end = strays + segment.start - end, segment.end
        if segment.code == START_OF_SCAN:
            break
        if segment.code in _START_OF_FRAME:
            frame = segment
        if segment.code == _ADOBE:
            adobe = _transform(body(data, segment), adobe)
    else:
        raise BadImage("The JPEG is cut off before its picture begins.")
    if frame is None:
        raise BadImage("The JPEG is damaged: it does not say how large its picture is.")
    return _header(body(data, frame), frame, adobe, body(data, segment)[:1], strays > 0)


def _header(picture: bytes, frame: Segment, adobe: int | None, scanned: bytes, has_strays: bool) -> Header:
    """The header with a frame of this body, whose first scan has so many components, in one byte."""
    height, width = int.from_bytes(picture[1:3], "big"), int.from_bytes(picture[3:5], "big")
    if not height or not width:
        raise BadImage("The JPEG is damaged: it does not say how large its picture is.")
    components = picture[6:]
    if not components or len(components) != 3 * picture[5]:
        raise BadImage("The JPEG is damaged: it does not say which colours its picture has.")
    sampling = tuple((factors >> 4, factors & 15) for factors in components[1::3])
    if not all(across and down for across, down in sampling):
        raise BadImage("The JPEG is damaged: one of its colours has no samples.")
    has_scans = frame.code in _PROGRESSIVE or scanned != picture[5:6]
    is_arithmetic = frame.code in _ARITHMETIC
    return Header(height, width, tuple(components[::3]), sampling, adobe, is_arithmetic, has_scans, has_strays)


def _transform(adobe: bytes, before: int | None) -> int | None:
    return adobe[11] if adobe.startswith(b"Adobe") and len(adobe) >= 12 else before
