"""Pictures resized by Pillow, for models whose training resized with it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from predictor.metadata import Resizing


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
    box = _whole_pixel_box(image.size, size) if resizing.fit == "keras-crop" else None
    return image.resize(size, method, box)


def _whole_pixel_box(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int, int, int]:
    """The largest centred box, left, top, right, bottom, with about the proportions of `target`, as Keras takes it."""
    width = min(size[0], size[1] * target[0] // target[1])
    height = min(size[1], size[0] * target[1] // target[0])
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return left, top, left + width, top + height
