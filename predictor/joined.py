"""Parts of a file that are read as one file, without being copied into one."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def joined(parts: Sequence[bytes | memoryview]) -> IO[bytes]:
    """A file that is read, of parts that follow each other."""
    return io.BytesIO(parts[0]) if len(parts) == 1 else io.BufferedReader(_Parts(parts))


class _Parts(io.RawIOBase):
    def __init__(self, parts: Sequence[bytes | memoryview]) -> None:
        self._parts = parts
        self._starts = list(accumulate((len(part) for part in parts), initial=0))
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._starts[-1]}[whence]
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        room, filled = memoryview(buffer).cast("B"), 0
        place = bisect_right(self._starts, self._position) - 1
        while filled < len(room) and place < len(self._parts):
            begin = self._position - self._starts[place]
            piece = self._parts[place][begin : begin + len(room) - filled]
            room[filled : filled + len(piece)] = piece
            filled += len(piece)
            self._position += len(piece)
            place += 1
        return filled
