"""Seven numbers of a picture: mean and standard deviation of red, green and blue, and how sharp it is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from predictor.image import Pixels

LONGEST = 224
"""Pixels a side that pictures are reduced to, near what networks see: a finer sharpness is not measured."""

NAMES = ("mean red", "mean green", "mean blue", "deviation red", "deviation green", "deviation blue", "sharpness")
SMALLEST = np.array([1.0] * 6 + [0.02])
"""Deviations below which a number counts as constant: one of 256 levels, and 2 % of sharpness."""

Features = npt.NDArray[np.float64]
"""The numbers, float64 [7]."""


def measure(pixels: Pixels) -> Features:
    """The numbers of a decoded picture; levels of 0 to 255, sharpness as a logarithm."""
    colours = _reduced(pixels).astype(np.float64)
    means, deviations = colours.mean(axis=(0, 1)), colours.std(axis=(0, 1))
    return np.concatenate([means, deviations, [_sharpness(colours.mean(axis=2))]])


def _reduced(pixels: Pixels) -> Pixels:
    """As RGB, at most LONGEST a side, each pixel the mean of those it stands for."""
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).convert("RGB")
    scale = LONGEST / max(image.size)
    if scale < 1:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.BOX)
    return np.asarray(image)


def _sharpness(gray: npt.NDArray[np.float64]) -> float:
    """The logarithm of how far neighbours differ from each other, as a share of how far all levels do.

    Contrast alone changes both alike; one level is added, so that a picture of one colour has a sharpness, too.
    """
    differences = [np.abs(np.diff(gray, n=2, axis=axis)).mean() for axis in (0, 1) if gray.shape[axis] > 2]
    return float(np.log((np.mean(differences) if differences else 0.0) + 1.0) - np.log(gray.std() + 1.0))
