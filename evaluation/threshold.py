"""The score from which on answers are sure enough, with a bound that holds for pictures it was not chosen on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.binomial import CONFIDENCE, at_most, least_trials, upper_bound
from evaluation.errors import NoThreshold

MOST_STEPS = 50
"""Scores that are tried one after the other."""


@dataclass(frozen=True)
class Answered:
    """Pictures that were held out: how many, how many of them have a score that is high enough, and how many are wrong.

    bound: the share of wrong ones among the answered that the true one is below with 95 % confidence.
    """

    score: float
    pictures: int
    answered: int
    wrong: int
    bound: float


@dataclass(frozen=True)
class Scored:
    """Best scores of pictures, float64 [pictures], and whether the best label is right, bool [pictures]."""

    scores: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.scores)

    def from_score(self, score: float) -> tuple[int, int]:
        """How many are answered, and how many of those are wrong."""
        answered = self.scores >= score
        return int(answered.sum()), int((answered & ~self.right).sum())


def find(choosing: Scored, held_out: Scored, error: float) -> Answered:
    """The lowest score that keeps errors at no more than `error` of the answered; raises NoThreshold.

    Which scores are tried, and in which order, follows from `choosing` alone; each is tested on `held_out`, from the
    safest down, until one fails. Such a fixed sequence of tests breaks its bound as seldom as a single one, in at most
    5 %: A. Angelopoulos, S. Bates, E. Candès, M. Jordan, L. Lei, Learn then Test (2021), https://arxiv.org/abs/2110.01052.
    """
    found = None
    for score in _sequence(choosing, error):
        answered, wrong = held_out.from_score(score)
        if answered == 0 or at_most(wrong, answered, error) > 1 - CONFIDENCE:
            break
        found = Answered(score, len(held_out), answered, wrong, upper_bound(wrong, answered))
    if found is None:
        raise NoThreshold(error, len(held_out), least_trials(error))
    return found


def _sequence(choosing: Scored, error: float) -> list[float]:
    """Scores by falling value, the first the one that most probably passes."""
    distinct = np.unique(choosing.scores)[::-1]
    if len(distinct) > MOST_STEPS:
        distinct = distinct[np.linspace(0, len(distinct) - 1, MOST_STEPS).astype(int)]
    chances = [at_most(wrong, answered, error) for answered, wrong in map(choosing.from_score, distinct)]
    if not chances:
        return []
    return [float(score) for score in distinct[int(np.argmin(chances)) :]]
