"""Pictures resized by Pillow, for models whose training resized with it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from predictor.errors import ImageTooLarge
from predictor.limits import Limits
from predictor.metadata import Resizing


def check_resizing(pixels: npt.NDArray[np.uint8], resizing: Resizing, limits: Limits) -> None:
    """ImageTooLarge when resizing takes more pixels on its way than a picture may have.

    Pillow resizes rows first: a picture that is higher than it is wide grows by that when all of it is resized.
    """
    if resizing.fit == "stretch" and resizing.width * len(pixels) > limits.max_pixels:
        raise ImageTooLarge(
            f"The picture has {len(pixels):,} rows; at most {limits.max_pixels // resizing.width:,} can be resized."
        )


def resize(pixels: npt.NDArray[np.uint8], resizing: Resizing) -> npt.NDArray[np.uint8]:
    """uint8 [height, width, channels] to the height and width that `resizing` says."""
    gray = pixels.shape[2] == 1
    resized = np.asarray(_resize(Image.fromarray(pixels[..., 0] if gray else pixels), resizing))
    return resized[..., np.newaxis] if gray else resized


def _resize(image: Image.Image, resizing: Resizing) -> Image.Image:
    method = Image.Resampling[resizing.method.removeprefix("pillow-").upper()]
    size = resizing.width, resizing.height
    if resizing.fit == "crop":
        return ImageOps.fit(image, size, method)
    if resizing.fit == "pad":
        return ImageOps.pad(image, size, method)
    return image.resize(size, method)
