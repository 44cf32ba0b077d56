"""Pictures and tensors, made small enough to stand inside a page."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

LONGEST = 320  # pixels a side
LOSSLESS = 64  # pixels a side, up to which every pixel is to be seen as it is


@dataclass(frozen=True)
class Thumbnail:
    """An image as a `data:` address, and its size in pixels as it is encoded."""

    address: str
    width: int
    height: int

    @property
    def is_tiny(self) -> bool:
        """Whether it is to be enlarged with visible pixels."""
        return max(self.width, self.height) <= LOSSLESS


def encoded(pixels: npt.NDArray[np.uint8], longest: int = LONGEST) -> bytes:
    """A small PNG or JPEG of uint8 [height, width, channels], `longest` pixels a side; what is transparent is white.

    channels: gray, gray with alpha, RGB or RGBA.
    """
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    if image.mode in ("LA", "RGBA"):
        opaque = Image.new("RGBA", image.size, "white")
        opaque.alpha_composite(image.convert("RGBA"))
        image = opaque.convert("RGB")
    image.thumbnail((longest, longest))
    is_tiny = max(image.size) <= LOSSLESS
    file = io.BytesIO()
    image.save(file, "PNG" if is_tiny else "JPEG", **({} if is_tiny else {"quality": 85}))
    return file.getvalue()


def of_pixels(pixels: npt.NDArray[np.uint8]) -> Thumbnail:
    """A picture, uint8 [height, width, channels], as `encoded` takes it."""
    return of_file(encoded(pixels))


def of_file(data: bytes) -> Thumbnail:
    """The picture that `encoded` made."""
    with Image.open(io.BytesIO(data), formats=["PNG", "JPEG"]) as image:
        kind = "png" if image.format == "PNG" else "jpeg"
        return Thumbnail(f"data:image/{kind};base64,{base64.b64encode(data).decode()}", *image.size)


def of_tensor(values: npt.NDArray[Any], low: float, high: float) -> Thumbnail | None:
    """The input of a layer for one picture, `low` black and `high` white; None when it is no gray or RGB picture.

    values: [height, width], [height, width, channels] or [channels, height, width], or a batch, whose first is shown.
    """
    picture = _as_picture(values)
    if picture is None:
        return None
    levels = (picture.astype(np.float64) - low) * (255 / (high - low) if high > low else 1)
    return of_pixels(np.nan_to_num(levels).clip(0, 255).round().astype(np.uint8))


def _as_picture(values: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
    """The first picture of a batch as [height, width, 1 or 3]."""
    picture = values[0] if values.ndim == 4 else values
    if picture.ndim == 2:
        return picture[..., np.newaxis]
    if picture.ndim != 3 or picture.shape[2] in (1, 3):
        return picture if picture.ndim == 3 else None
    # [1, height, width] is a gray picture, whether the one stands for the batch or for the channels.
    return picture.transpose(1, 2, 0) if picture.shape[0] in (1, 3) else None
