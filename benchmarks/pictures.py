"""The pictures that everything is measured on: photographs of scikit-learn, enlarged."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image

QUALITY = 87  # what cameras use, with half the colour's resolution across and down
GRAIN = 4.0  # levels of 255: without it, an enlarged photograph is easier to decode than one from a camera
SMALL = (640, 480)
LARGE = (4000, 3000)  # 12 megapixels


@cache
def jpeg(width: int, height: int) -> bytes:
    """A JPEG file of a photograph of so many pixels."""
    file = io.BytesIO()
    photograph(width, height).save(file, "JPEG", quality=QUALITY, subsampling="4:2:0")
    return file.getvalue()


@cache
def png(width: int, height: int) -> bytes:
    """The same photograph as a PNG file."""
    file = io.BytesIO()
    photograph(width, height).save(file, "PNG")
    return file.getvalue()


def photograph(width: int, height: int) -> Image.Image:
    """A photograph of so many pixels, with the grain of a camera."""
    smooth = Image.fromarray(load_sample_image("china.jpg")).resize((width, height), Image.Resampling.LANCZOS)
    noise = np.random.default_rng(0).normal(0, GRAIN, (height, width, 1)).astype(np.float32)
    return Image.fromarray(np.clip(np.asarray(smooth) + noise, 0, 255).astype(np.uint8))


PICTURES: dict[str, Callable[[], bytes]] = {
    "640 x 480 JPEG": lambda: jpeg(*SMALL),
    "640 x 480 PNG": lambda: png(*SMALL),
    "12 MP JPEG": lambda: jpeg(*LARGE),
}
