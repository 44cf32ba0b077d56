"""Whether scores say how often answers are right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Answers whose best score lies above `low` and up to `high`: how many, their mean score, how many are right."""

    low: float
    high: float
    pictures: int
    score: float
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """The bins that hold pictures, and the expected calibration error, 0 to 1."""

    bins: tuple[Bin, ...]
    error: float


def calibrate(scores: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> Calibration:
    """Bins of equal width over the best scores, 0 to 1, and the mean of their differences, weighted by pictures.

    C. Guo, G. Pleiss, Y. Sun, K. Weinberger, On Calibration of Modern Neural Networks (2017),
    https://arxiv.org/abs/1706.04599, equations 2 and 3.
    """
    places = np.clip(np.ceil(scores * BINS).astype(int) - 1, 0, BINS - 1)
    bins = tuple(
        Bin(at / BINS, (at + 1) / BINS, int(inside.sum()), float(scores[inside].mean()), float(right[inside].mean()))
        for at in range(BINS)
        if (inside := places == at).any()
    )
    error = sum(one.pictures * abs(one.score - one.accuracy) for one in bins) / len(scores)
    return Calibration(bins, float(error))
