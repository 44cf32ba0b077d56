"""Pictures resized before the graph, by Pillow or as on Chromium's canvas, for models whose training did so."""

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
    if not resizing.method.startswith("pillow-"):
        return
    height, width, _ = pixels.shape
    new_height, new_width = 0, resizing.width
    if resizing.fit == "pad-to-aspect-ratio":
        height, width = padded(height, width, resizing)
        limits.check_pixels(width, height)
    if resizing.fit == "shorter-side":
        new_height, new_width = shortened(height, width, resizing.shorter)
        limits.check_pixels(new_width, new_height)
    if resizing.fit not in ("crop", "pad", "crop-to-aspect-ratio") and new_width * height > limits.max_pixels:
        raise ImageTooLarge(
            f"The picture has {height:,} rows; at most {limits.max_pixels // new_width:,} can be resized."
        )


def resize(pixels: npt.NDArray[np.uint8], resizing: Resizing) -> npt.NDArray[np.uint8]:
    """uint8 [height, width, channels] to the height and width that `resizing` says."""
    if not resizing.method.startswith("pillow-"):
        from predictor.canvas import draw  # for few models

        return draw(pixels, resizing)
    gray = pixels.shape[2] == 1
    resized = np.asarray(_resize(Image.fromarray(pixels[..., 0] if gray else pixels), resizing))
    return resized[..., np.newaxis] if gray else resized


def padded(height: int, width: int, resizing: Resizing) -> tuple[int, int]:
    """The sides with as much before as behind the picture, so that they are as those of `resizing`, or a pixel less."""
    missing = width * resizing.height // resizing.width - height, height * resizing.width // resizing.height - width
    return height + 2 * max(0, missing[0] // 2), width + 2 * max(0, missing[1] // 2)


def shortened(height: int, width: int, shorter: int) -> tuple[int, int]:
    """The sides when the shorter one has so many pixels, as torchvision's Resize."""
    longer = int(shorter * max(height, width) / min(height, width))
    return (shorter, longer) if height <= width else (longer, shorter)


def _resize(image: Image.Image, resizing: Resizing) -> Image.Image:
    method = Image.Resampling[resizing.method.removeprefix("pillow-").upper()]
    size = resizing.width, resizing.height
    if resizing.fit == "crop":
        return ImageOps.fit(image, size, method)
    if resizing.fit == "pad":
        return ImageOps.pad(image, size, method)
    if resizing.fit == "crop-to-aspect-ratio":
        return image.resize(size, method, box=_box(image, resizing))
    if resizing.fit == "shorter-side":
        height, width = shortened(image.height, image.width, resizing.shorter)
        return _middle(image.resize((width, height), method), resizing)
    if resizing.fit == "pad-to-aspect-ratio":
        height, width = padded(image.height, image.width, resizing)
        image = _framed(image, (width - image.width) // 2, (height - image.height) // 2, width, height)
    return image.resize(size, method)


def _box(image: Image.Image, resizing: Resizing) -> tuple[int, int, int, int]:
    """The whole pixels in the middle that have the wanted aspect ratio, as keras.utils.load_img finds them."""
    height = min(image.height, max(1, image.width * resizing.height // resizing.width))
    width = min(image.width, max(1, image.height * resizing.width // resizing.height))
    top, left = (image.height - height) // 2, (image.width - width) // 2
    return left, top, left + width, top + height


def _middle(image: Image.Image, resizing: Resizing) -> Image.Image:
    """The middle of the picture, black where it does not reach, as torchvision's CenterCrop."""
    height, width = max(image.height, resizing.height), max(image.width, resizing.width)
    if (height, width) != (image.height, image.width):
        image = _framed(image, (width - image.width) // 2, (height - image.height) // 2, width, height)
    top, left = round((height - resizing.height) / 2), round((width - resizing.width) / 2)
    return image.crop((left, top, left + resizing.width, top + resizing.height))


def _framed(image: Image.Image, left: int, top: int, width: int, height: int) -> Image.Image:
    frame = Image.new(image.mode, (width, height))
    frame.paste(image, (left, top))
    return frame
