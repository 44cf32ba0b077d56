"""The interface of an image file to the decoders, whatever its format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from predictor.limits import Limits

if TYPE_CHECKING:
    from PIL import Image


class Still(Protocol):
    """A file, read as far as is needed to give Pillow the parts of its first picture and nothing else.

    Pillow's own readers take time and memory for all that files may hold besides. What these take grows with the file's
    bytes and no faster.
    """

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, as the header says them."""

    def still(self) -> Sequence[bytes | memoryview]:
        """The first picture in a file of its own, in the same format; the parts that follow each other in it."""

    def orientation(self) -> int:
        """How the picture is to be turned, 1 to 8 by EXIF."""


class Container(Still, Protocol):
    """One whose picture TensorFlow converts in a way of its own."""

    def pixels(self, image: Image.Image, channels: int, limits: Limits) -> npt.NDArray[np.uint8]:
        """The opened still as TensorFlow converts it: uint8 [height, width, channels], 0 channels being its own."""
