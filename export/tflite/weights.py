"""Weights of eight bits as they are stored."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from export.tflite.file import Tensor
from export.tflite.graph import NotTranslated, shift, zero


def stored(kernel: Tensor, weights: npt.NDArray[Any]) -> tuple[npt.NDArray[np.uint8], int]:
    """Weights, in any order of their dimensions, as uint8, and the number among them that stands for zero."""
    if np.unique(kernel.zeros).size != 1:
        raise NotTranslated("weights with a zero point for each channel")
    return (weights.astype(np.int16) + shift(kernel)).astype(np.uint8), zero(kernel)
