"""JPEG files for Pillow, for models whose training decoded with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from predictor.jpeg.essence import essence, read_orientation
from predictor.jpeg.header import Header, read_header
from predictor.jpeg.scans import check_scans


@dataclass(frozen=True)
class Jpeg:
    """A JPEG and what its header says."""

    data: bytes
    header: Header

    @classmethod
    def read(cls, data: bytes) -> Jpeg:
        """Read the header; raises BadImage when it has no picture."""
        return cls(data, read_header(data))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.header.width, self.header.height

    def still(self) -> Sequence[bytes | memoryview]:
        """The file without what is said of its picture; ImageTooLarge when its scans would take too long."""
        if self.header.has_scans:
            check_scans(self.data, self.header)
        return essence(self.data)

    def orientation(self) -> int:
        """How the picture is to be turned, 1 to 8 by EXIF."""
        return read_orientation(self.data)
