"""Pictures turned upright, as `PIL.ImageOps.exif_transpose` turns them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

TRANSPOSED = frozenset((5, 6, 7, 8))  # the rows of the file are columns of the scene
MIRRORED_ROWS = frozenset((3, 4, 6, 7))
MIRRORED_COLUMNS = frozenset((2, 3, 7, 8))


def upright(pixels: npt.NDArray[np.uint8], orientation: int) -> npt.NDArray[np.uint8]:
    """The pixels, [height, width, channels], turned and mirrored as a picture of this orientation needs it."""
    # (height, width, channels) of the file to those of the scene
    if orientation in MIRRORED_ROWS:
        pixels = pixels[::-1]
    if orientation in MIRRORED_COLUMNS:
        pixels = pixels[:, ::-1]
    if orientation in TRANSPOSED:
        pixels = pixels.swapaxes(0, 1)
    return np.ascontiguousarray(pixels)
