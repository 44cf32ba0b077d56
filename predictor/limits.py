"""How large a file and its picture may be."""

from __future__ import annotations

from dataclasses import dataclass

from predictor.errors import ImageTooLarge


@dataclass(frozen=True)
class Limits:
    """The largest file (bytes) and picture (width times height) that is decoded."""

    max_bytes: int = 32 * 1024 * 1024
    max_pixels: int = 1 << 26  # 64 megapixels, as cameras count them: 9248 x 6936

    def check_bytes(self, size: int) -> None:
        """ImageTooLarge when a file of `size` bytes is over the limit."""
        if size > self.max_bytes:
            raise ImageTooLarge(f"The file has {size:,} bytes; at most {self.max_bytes:,} are accepted.")

    def check_pixels(self, width: int, height: int) -> None:
        """ImageTooLarge when a picture of this size is over the limit."""
        if width * height > self.max_pixels:
            raise ImageTooLarge(
                f"The picture has {width} x {height} pixels; at most {self.max_pixels:,} in all are accepted."
            )
