"""Pictures resized before the graph, by Pillow or as on Chromium's canvas, for models whose training did so."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from predictor.errors import ImageTooLarge
from predictor.exif import UPRIGHT
from predictor.formats import recognise
from predictor.image import decode
from predictor.limits import Limits
from predictor.metadata import CanvasMethod, Decoding, Resizing
from predictor.pillow import orientation


def read(data: bytes, decoding: Decoding, resizing: Resizing, limits: Limits) -> npt.NDArray[np.uint8]:
    """The pixels of an image file, resized: uint8 [height, width, channels]; raises what `image.decode` raises."""
    pixels = decode(data, decoding, limits)
    if resizing.method in get_args(CanvasMethod):
        from predictor.canvas import draw  # for few models

        format_ = recognise(data)
        is_turned = decoding.orientation == "apply" and format_ != "WEBP"  # of which Chromium does not read it
        return draw(pixels, resizing, orientation(data, format_) if is_turned else UPRIGHT)
    check_resizing(pixels, resizing, limits)
    return resize(pixels, resizing)


def check_resizing(pixels: npt.NDArray[np.uint8], resizing: Resizing, limits: Limits) -> None:
    """ImageTooLarge when resizing takes more pixels on its way than a picture may have.

    Pillow resizes rows first: a picture that is higher than it is wide grows by that when all of it is resized.
    """
    size, width = (pixels.shape[1], pixels.shape[0]), resizing.width
    if resizing.fit == "pad-to-aspect-ratio":
        left, top, right, bottom = _framed(size, resizing)
        size = right - left, bottom - top
        limits.check_pixels(*size)
    if resizing.fit == "shorter-side":
        width, height = _shortened(size, resizing.shorter)
        limits.check_pixels(width, height)
    if resizing.fit in ("stretch", "pad-to-aspect-ratio", "shorter-side") and width * size[1] > limits.max_pixels:
        raise ImageTooLarge(f"The picture has {size[1]:,} rows; at most {limits.max_pixels // width:,} can be resized.")


def resize(pixels: npt.NDArray[np.uint8], resizing: Resizing) -> npt.NDArray[np.uint8]:
    """uint8 [height, width, channels] to the height and width that `resizing` says, by Pillow."""
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
    if resizing.fit == "crop-to-aspect-ratio":
        return image.resize(size, method, box=_cropped(image.size, resizing))
    if resizing.fit == "pad-to-aspect-ratio":
        image = image.crop(_framed(image.size, resizing))  # black where there is nothing
    if resizing.fit == "shorter-side":
        image = image.resize(_shortened(image.size, resizing.shorter), method)
        # As torchvision's CenterCrop.
        spare = [(old - new) / 2 for old, new in zip(image.size, size)]
        left, top = (round(half) if half > 0 else math.ceil(half) for half in spare)
        return image.crop((left, top, left + size[0], top + size[1]))
    return image.resize(size, method)


def _other(size: tuple[int, int], resizing: Resizing) -> tuple[int, int]:
    """The width that would go with the height, and the height that would go with the width."""
    return size[1] * resizing.width // resizing.height, size[0] * resizing.height // resizing.width


def _cropped(size: tuple[int, int], resizing: Resizing) -> tuple[int, int, int, int]:
    """Whole pixels in the middle with the wanted aspect ratio, as keras.utils.load_img takes them."""
    new = [min(old, max(1, other)) for old, other in zip(size, _other(size, resizing))]
    left, top = ((old - side) // 2 for old, side in zip(size, new))
    return left, top, left + new[0], top + new[1]


def _framed(size: tuple[int, int], resizing: Resizing) -> tuple[int, int, int, int]:
    """All pixels, and as much before as behind them, as Keras's pad_to_aspect_ratio."""
    left, top = (max(0, other - old) // 2 for old, other in zip(size, _other(size, resizing)))
    return -left, -top, size[0] + left, size[1] + top


def _shortened(size: tuple[int, int], shorter: int) -> tuple[int, int]:
    """The size with the shorter side so long, as torchvision's Resize."""
    longer = int(shorter * max(size) / min(size))
    return (longer, shorter) if size[0] > size[1] else (shorter, longer)
