"""The segments of a JPEG: what its header says, and where its parts are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from predictor.errors import BadImage

# Marker codes, ITU-T T.81 table B.1.
STARTS = b"\xff\xd8\xff"  # of every file: the start of the image, and of the marker that follows
_START_OF_IMAGE = b"\xff\xd8"
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_END_OF_IMAGE = 0xD9
_START_OF_SCAN = 0xDA
_ADOBE = 0xEE
_NEXT_MARKER = re.compile(rb"\xff+([^\x00\xff])")
INKS = 4  # components of a JPEG for print: cyan, magenta, yellow, black
_WITHOUT_LENGTH = frozenset((0x01, *range(0xD0, 0xD9)))


@dataclass(frozen=True)
class _Segment:
    """One marker with its parameters: data[start:end]; `code` is the marker's second byte."""

    code: int
    start: int
    end: int


@dataclass(frozen=True)
class Header:
    """What the segments before the first scan say.

    sampling: across and down, how many samples each component has for one of a component that has one.
    adobe: the colour transform that Adobe's segment says, 0 for none; None without such a segment.
    """

    height: int
    width: int
    sampling: tuple[tuple[int, int], ...]
    adobe: int | None

    @property
    def components(self) -> int:
        """How many colours or inks each pixel has."""
        return len(self.sampling)


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
    frame, adobe = None, None
    for segment in _segments(data):
        body = data[segment.start + 4 : segment.end]
        if segment.code == _START_OF_SCAN:
            break
        if segment.code in _START_OF_FRAME and len(body) >= 6:
            frame = body
        if segment.code == _ADOBE and body.startswith(b"Adobe") and len(body) >= 12:
            adobe = body[11]
    else:
        raise BadImage("The JPEG is cut off before its picture begins.")
    height, width = (int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big")) if frame else (0, 0)
    if not frame or not height or not width:
        raise BadImage("The JPEG is damaged: it does not say how large its picture is.")
    sampling = tuple((factors >> 4, factors & 15) for factors in frame[7 : 6 + 3 * frame[5] : 3])
    if not all(across and down for across, down in sampling):
        raise BadImage("The JPEG is damaged: one of its colours has no samples.")
    return Header(height, width, sampling, adobe)


def check_complete(data: bytes) -> None:
    """BadImage when the end that the file should have is not there."""
    if not any(segment.code == _END_OF_IMAGE for segment in _segments(data)):
        raise BadImage("The JPEG is cut off before its end.")


def without_stray_bytes(data: bytes) -> bytes:
    """The file without what lies between the segments of its header, which libjpeg skips and simplejpeg refuses."""
    kept = [_START_OF_IMAGE]
    for segment in _segments(data):
        if segment.code == _START_OF_SCAN:
            return b"".join([*kept, data[segment.start :]])
        kept.append(data[segment.start : segment.end])
    return data
