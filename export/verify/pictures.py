"""Pictures to compare two models on: the user's own, or these, made to be hard to decode and resize alike."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from PIL import Image

from export.errors import ExportError
from predictor import BadImage

UNREADABLE = (tf.errors.InvalidArgumentError, BadImage)
"""The errors that are raised for a picture that a reference model cannot read."""

SEED = 1
TWELVE_MEGAPIXELS = (4000, 3000)
USUAL = (320, 240)
"""An ordinary size."""

Kind = tuple[str, str]
"""A format and a mode, as Pillow names them."""

KINDS: tuple[Kind, ...] = (("PNG", "RGB"), ("JPEG", "RGB"), ("PNG", "L"), ("JPEG", "L"))
"""Of these a model that takes pictures takes at least one."""


@dataclass(frozen=True)
class Picture:
    """A name to show, and the bytes of an image file, read or made when they are needed."""

    name: str
    read: Callable[[], bytes]


def from_folder(folder: Path) -> list[Picture]:
    """Every file below `folder`; an ExportError when there is none."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    if not paths:
        raise ExportError(f"{folder}: there are no pictures to verify on.")
    return [Picture(str(path.relative_to(folder)), path.read_bytes) for path in paths]


@cache
def made() -> tuple[Picture, ...]:
    """Pictures made here, always the same ones, and each of them once: all together take less than 5 MB."""
    sizes = [(640, 480), (333, 517)]
    small_sizes = [(1, 1), (7, 3), (31, 224), (224, 224), (225, 223)]
    return (
        *(
            _picture(f"{width} x {height} JPEG {chroma}", (width, height), "JPEG", quality=87, subsampling=chroma)
            for width, height in sizes
            for chroma in ("4:4:4", "4:2:2", "4:2:0")
        ),
        _picture("progressive JPEG", (400, 300), "JPEG", quality=70, progressive=True),
        _picture("gray JPEG", (200, 301), "JPEG", "L", quality=90),
        _picture("RGB PNG", (640, 480), "PNG"),
        _picture("PNG with transparency", (321, 123), "PNG", "RGBA"),
        _picture("PNG with palette", (99, 101), "PNG", "P"),
        *(_picture(f"{width} x {height} PNG", (width, height), "PNG") for width, height in small_sizes),
        _picture("noise PNG", (320, 240), "PNG", draw=_noise),
        _picture("noise JPEG", (320, 240), "JPEG", draw=_noise, quality=95),
        _picture("12 megapixel JPEG", TWELVE_MEGAPIXELS, "JPEG", draw=_enlarged_scene, quality=85),
    )


def plain(size: tuple[int, int], kind: Kind) -> Picture:
    """A picture of this width and height, and nothing special otherwise."""
    return _picture(f"{size[0]} x {size[1]} {kind[0]}", size, *kind)


def colour() -> Picture:
    """An ordinary picture of three channels."""
    return made()[0]


def gray() -> Picture:
    """A picture whose file has one channel."""
    return next(picture for picture in made() if picture.name.startswith("gray"))


def _picture(
    name: str,
    size: tuple[int, int],
    file_format: str,
    mode: str = "RGB",
    draw: Callable[[np.random.Generator, int, int], Image.Image] | None = None,
    **options: Any,
) -> Picture:
    @cache
    def make() -> bytes:
        generator = np.random.default_rng([SEED, *name.encode()])
        file = io.BytesIO()
        (draw or _scene)(generator, *size).convert(mode).save(file, file_format, **options)
        return file.getvalue()

    return Picture(name, make)


def _scene(generator: np.random.Generator, width: int, height: int) -> Image.Image:
    """A picture with smooth areas, edges and texture, of other colours each time."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / max(width, height)
    pixels = np.stack([_wave(generator, x, y) for _ in range(3)], axis=-1)
    for _ in range(6):
        centre_x, centre_y, radius = generator.uniform(0, 1, 3)
        inside = (x - centre_x) ** 2 + (y - centre_y) ** 2 < (radius / 4) ** 2
        pixels[inside] = generator.uniform(0, 255, 3)
    pixels += generator.normal(0, 4, (height, width, 1)).astype(np.float32)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _wave(
    generator: np.random.Generator, x: npt.NDArray[np.float32], y: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    across, down, start = generator.uniform(0, 12, 3)
    values: npt.NDArray[np.float32] = 127.5 + 127.5 * np.sin(across * x + down * y + start)
    return values


def _noise(generator: np.random.Generator, width: int, height: int) -> Image.Image:
    return Image.fromarray(generator.integers(0, 256, (height, width, 3), np.uint8))


def _enlarged_scene(generator: np.random.Generator, width: int, height: int) -> Image.Image:
    small = _scene(generator, width // 4, height // 4)
    return small.resize((width, height), Image.Resampling.BICUBIC)
