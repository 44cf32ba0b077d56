"""Real photographs that scikit-image and scikit-learn bring along, as files, and as patches to train on."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import skimage.data
import sklearn.datasets
from PIL import Image

SCENES = ("astronaut.png", "chelsea.png", "china.jpg", "coffee.png", "flower.jpg", "motorcycle_left.png", "rocket.jpg")
"""The photographs in colour, each a class of its own."""


def find(name: str) -> Path:
    """The file of a photograph."""
    folders = Path(skimage.data.__file__).parent, Path(sklearn.datasets.__file__).parent / "images"
    return next(folder / name for folder in folders if (folder / name).is_file())


@cache
def scene(name: str) -> npt.NDArray[np.uint8]:
    """A photograph, uint8 [height, width, 3], at half its size so that a patch shows a part of the scene."""
    return np.asarray(Image.open(find(name)).convert("RGB").reduce(2))


def read(path: Path) -> npt.NDArray[np.uint8]:
    """A picture's file as Pillow decodes it, uint8 [height, width, 3]."""
    return np.asarray(Image.open(path).convert("RGB"))


def patches(count: int, size: int, seed: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Square parts of the photographs, uint8 [count, size, size, 3], and which photograph each is of."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, len(SCENES), count)
    cut = np.empty([count, size, size, 3], np.uint8)
    for row, label in zip(cut, labels):
        pixels = scene(SCENES[label])
        top, left = (generator.integers(0, side - size) for side in pixels.shape[:2])
        row[:] = pixels[top : top + size, left : left + size]
    return cut, labels


def save(folder: Path, pixels: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64] | None = None) -> Path:
    """PNG files of the patches, in a folder a class where there are labels."""
    for number, image in enumerate(pixels):
        below = folder / Path(SCENES[labels[number]]).stem if labels is not None else folder
        below.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(below / f"{number}.png")
    return folder
