"""The chunks of a PNG, found in time that grows with its bytes and no faster."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from predictor.errors import ImageTooLarge

SIGNATURE = b"\x89PNG\r\n\x1a\n"

# Encoders write 8 KiB a chunk or more; some files of few pixels have chunks of a byte.
_ALWAYS = 10_000
_BYTES_A_CHUNK = 256

_FRAME = struct.Struct(">I4s")  # before the body: its length and its name
_CHECKSUM = 4  # bytes, after it
NO_CHECKSUM = bytes(_CHECKSUM)  # of pixels and of the end, where Pillow does not look at it


class Chunk(NamedTuple):
    """One chunk, whose body is data[start:end]."""

    name: bytes
    start: int
    end: int

    def whole(self, data: bytes) -> bytes:
        """The chunk as it stands in the file."""
        return data[self.start - _FRAME.size : self.end + _CHECKSUM]

    def is_sound(self, data: bytes) -> bool:
        """Whether its checksum is right."""
        checksum = zlib.crc32(self.name + data[self.start : self.end]).to_bytes(_CHECKSUM, "big")
        return data[self.end : self.end + _CHECKSUM] == checksum


def read_chunks(data: bytes) -> Iterator[Chunk]:
    """The chunks up to the last or to where the file is cut off.

    Raises ImageTooLarge where they are too many for so few bytes.
    """
    position = len(SIGNATURE)
    for _ in range(most_chunks(len(data))):
        if position + _FRAME.size > len(data):
            return
        length, name = _FRAME.unpack_from(data, position)
        if not name.isalpha():
            return
        start = position + _FRAME.size
        position = start + length
        yield Chunk(name, start, position)
        position += _CHECKSUM
    raise ImageTooLarge("The PNG is in more chunks than its bytes need; save it anew to have it labelled.")


def most_chunks(size: int) -> int:
    """How many chunks a file of so many bytes may have."""
    return _ALWAYS + size // _BYTES_A_CHUNK


def head(name: bytes, length: int) -> bytes:
    """The bytes before the body of a chunk."""
    return _FRAME.pack(length, name)
