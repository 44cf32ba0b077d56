"""The run lengths of a BMP, decoded as Pillow decodes them, but that only so many of them are accepted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from predictor.errors import BadImage, ImageTooLarge

# Runs are decoded many at a time up to the next escape: the end of a row, a move, or pixels that are no run. Drawings,
# which run lengths are for, have a few a row; photographs of few pixels may have any.
_ALWAYS, _PIXELS_A_ROW, _PIXELS_AN_ESCAPE = 1024, 64, 1024
_RUNS_ALWAYS, _PIXELS_A_RUN = 1 << 14, 16
_FEW = 16  # runs, below which NumPy takes longer than Python

_WINDOW = 1024  # bytes that are searched for an escape at once
_END_OF_ROW, _END_OF_PICTURE, _MOVE = 0, 1, 2


def decode_runs(data: bytes, position: int, width: int, height: int, *, four_bits: bool) -> bytes:
    """The indices of the pixels, width times height, in the file's order of rows.

    Raises BadImage when there are not as many, ImageTooLarge when too many runs or escapes make them.
    """
    picture, left = _Picture(width, width * height, four_bits), most_runs(width, height)
    for _ in range(most_escapes(width, height)):
        runs = _runs(data, position)
        picture.add_runs(runs)
        position += len(runs)
        left -= len(runs) // 2
        if len(picture.pixels) >= picture.needed:
            return bytes(picture.pixels[: picture.needed])
        if left < 0:
            break
        if data[position : position + 1] in (b"\0", b""):
            position = picture.add_escape(data, position + 1)
    raise ImageTooLarge("The run lengths of the BMP are too short to be decoded in time; save it as PNG.")


def most_escapes(width: int, height: int) -> int:
    """How many escapes a picture of this size may have."""
    pixels = width * height
    return _ALWAYS + min(height, pixels // _PIXELS_A_ROW) + pixels // _PIXELS_AN_ESCAPE


def most_runs(width: int, height: int) -> int:
    """How many runs a picture of this size may have."""
    return _RUNS_ALWAYS + width * height // _PIXELS_A_RUN


def _runs(data: bytes, position: int) -> bytes:
    """The pairs of a count and a value up to an escape, whose count is 0."""
    counts = data[position : position + _WINDOW : 2]
    escape = counts.find(0)
    return data[position : position + 2 * (len(counts) if escape < 0 else escape)]


class _Picture:
    """The pixels so far, and at which place of its row the next one is."""

    def __init__(self, width: int, needed: int, four_bits: bool) -> None:
        self.pixels = bytearray()
        self.needed = needed
        self._width = width
        self._x = 0
        self._four_bits = four_bits

    def add_runs(self, runs: bytes) -> None:
        """Add pairs of a count and a value; what the row has no room for is dropped."""
        room = max(0, self._width - self._x)
        if len(runs) > 2 * _FEW:
            counts, values = np.frombuffer(runs, np.uint8).reshape(-1, 2).T
            fitting = int(np.searchsorted(np.cumsum(counts, dtype=np.int64), room)) + 1  # the last one fills the row
            added = self._repeated(counts[:fitting], values[:fitting]).tobytes()[:room]
        else:
            added = b"".join(map(self._repeated_one, runs[::2], runs[1::2]))[:room]
        self.pixels += added
        self._x += len(added)

    def add_escape(self, data: bytes, position: int) -> int:
        """Add what the escape stands for whose second byte is at this position; where the next runs begin."""
        kind, position = data[position : position + 1] or bytes([_END_OF_PICTURE]), position + 1
        if kind[0] == _END_OF_PICTURE:
            raise BadImage("The image is damaged: its rows are cut off.")
        if kind[0] == _END_OF_ROW:
            self.pixels += bytes(-len(self.pixels) % self._width)
            self._x = 0
        elif kind[0] == _MOVE:
            right, up = data[position : position + 2].ljust(2, b"\0")
            self.pixels += bytes(min(self.needed - len(self.pixels), right + up * self._width))
            self._x = len(self.pixels) % self._width
            position += 2
        else:
            return self._add_stored(data, position, kind[0])
        return position

    def _add_stored(self, data: bytes, position: int, count: int) -> int:
        end = position + ((count + 1) // 2 if self._four_bits else count)
        stored = np.frombuffer(data[position:end], np.uint8)
        if self._four_bits:
            stored = np.stack([stored >> 4, stored & 15], axis=1).reshape(-1)[:count]
        self.pixels += stored.tobytes()
        self._x += count
        return end + (end & 1)  # an even number of bytes of the file

    def _repeated(self, counts: npt.NDArray[np.uint8], values: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Each value as often as its count says; of four bits, its upper half and its lower half by turns."""
        repeated = np.repeat(values, counts)
        if not self._four_bits:
            return repeated
        begins = np.repeat(np.cumsum(counts, dtype=np.int64) - counts, counts)
        is_odd = (np.arange(len(repeated)) - begins) % 2 == 1
        return np.where(is_odd, repeated & 15, repeated >> 4)

    def _repeated_one(self, count: int, value: int) -> bytes:
        if self._four_bits:
            return (bytes([value >> 4, value & 15]) * (count // 2 + 1))[:count]
        return bytes([value]) * count
