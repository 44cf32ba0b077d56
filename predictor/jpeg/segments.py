"""The segments of a JPEG, found in time that grows with its bytes and no faster."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from predictor.errors import ImageTooLarge

# Marker codes, ITU-T T.81 table B.1.
START_OF_IMAGE = b"\xff\xd8"
START_OF_SCAN = 0xDA
END_OF_IMAGE = 0xD9
_WITHOUT_LENGTH = frozenset((0x01, 0xD8, END_OF_IMAGE))

# Neither fill bytes nor data of a scan, in which 0xFF is followed by 0 or is a restart, as often as the encoder likes.
# No pattern may look for what follows a run of 0xFF: from each byte of the run it would look anew.
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_WINDOW = 1 << 16  # bytes that are searched at once, while no other thread can run

# Encoders write some tens; what is too large for one is split into segments of 64 KiB.
_ALWAYS = 100
_BYTES_A_SEGMENT = 4096


class Segment(NamedTuple):
    """One marker with its parameters: data[start:end]; `code` is the marker's second byte."""

    code: int
    start: int
    end: int


def segments(data: bytes) -> Iterator[Segment]:
    """The segments after the start; ends without an end-of-image segment where the file is cut off.

    Raises ImageTooLarge when they are too many for so few bytes.
    """
    position = len(START_OF_IMAGE)
    for _ in range(most_segments(len(data))):
        start = _next_marker(data, position)
        if start is None:
            return
        code, position = data[start + 1], start + 2
        if code not in _WITHOUT_LENGTH:
            position += max(2, int.from_bytes(data[position : position + 2], "big"))
        yield Segment(code, start, position)
        if code == END_OF_IMAGE:
            return
    raise ImageTooLarge("The JPEG is in more segments than its bytes need; save it anew to have it labelled.")


def most_segments(size: int) -> int:
    """How many segments a file of so many bytes may have."""
    return _ALWAYS + size // _BYTES_A_SEGMENT


def body(data: bytes, segment: Segment) -> bytes:
    """The contents of a segment, behind its marker and its length."""
    return data[segment.start + 4 : segment.end]


def _next_marker(data: bytes, position: int) -> int | None:
    """Where the next marker begins; None: nowhere."""
    while position + 1 < len(data):
        if found := _MARKER.search(data, position, position + _WINDOW):
            return found.start()
        position += _WINDOW - 1  # the last byte may be the first one of a marker
    return None
