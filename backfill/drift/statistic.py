"""How unlike a window of pictures is to a reference: Hotelling's T² of groups, and what chance alone makes of it.

Pictures of one burst are alike, so that a hundred of them say little more than one. Groups (a source on a day, or all
of a day) count as one each, by their mean, and it is groups that are drawn to see how far chance goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from backfill.drift.features import SMALLEST

DRAWS = 1000
QUANTILE = 0.99
FACTOR = 2.0
"""The threshold is twice the quantile: drawn groups are never as new as those of another week."""
SHRINKAGE = 0.1
"""How much of the covariance is taken for independent numbers, as few groups say little of seven numbers together."""

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """The groups of a reference, float64 [groups, numbers], by their mean."""

    groups: Matrix

    def t_squared(self, window: Matrix) -> float:
        """Hotelling's T² of the groups of a window."""
        return float(self._t_squared(window.mean(axis=0), len(window)))

    def threshold(self, size: int) -> float:
        """Twice the T² that `size` groups, drawn from the reference, exceed once in a hundred times."""
        if size not in self._thresholds:
            random = np.random.default_rng(0)
            means = np.array([random.choice(self.groups, size).mean(axis=0) for _ in range(DRAWS)])
            self._thresholds[size] = FACTOR * float(np.quantile(self._t_squared(means, size), QUANTILE))
        return self._thresholds[size]

    def _t_squared(self, means: Matrix, size: int) -> Matrix:
        """Of one mean or of many, [..., numbers], each of `size` groups."""
        differences = means - self.groups.mean(axis=0)
        squares: Matrix = np.einsum("...i,ij,...j->...", differences, self._precision, differences)
        return squares / (1 / size + 1 / len(self.groups))

    @cached_property
    def _precision(self) -> Matrix:
        covariance = np.cov(self.groups, rowvar=False)
        variances = np.diag(np.diag(covariance))
        shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * variances + np.diag(SMALLEST**2)
        return np.linalg.inv(shrunk).astype(np.float64)

    @cached_property
    def _thresholds(self) -> dict[int, float]:
        return {}
