"""The score from which on answers are sure enough."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest

from evaluation.errors import NoThreshold
from evaluation.threshold import Scored, find

SPLITS = 1000


CHANCES = {
    "rising": lambda scores: 1 - (1 - scores) ** 2,
    "steep": lambda scores: np.minimum(1, scores**0.1 + 0.02),
    "flat": lambda scores: np.full_like(scores, 0.979),
    "flat at 5 %": lambda scores: np.full_like(scores, 0.9499),
    "falling": lambda scores: 0.99 - 0.03 * scores,
}
"""How probable it is that a label is right, by its score; where all are just too often wrong every answer breaks it."""


@pytest.mark.parametrize(("chance", "error"), list(zip(CHANCES, (0.1, 0.02, 0.02, 0.05, 0.02))))
def test_bound_holds(chance: str, error: float) -> None:
    """On 1,000 random splits more than the promised share of the answered is wrong in at most 5 %."""
    random = np.random.default_rng(20)
    grid = np.arange(1, 1001) / 1000
    truth = CHANCES[chance](grid)
    weights = grid**2 / (grid**2).sum()
    expected = np.cumsum((weights * (1 - truth))[::-1])[::-1] / np.cumsum(weights[::-1])[::-1]
    broken = answered = 0
    for _ in range(SPLITS):
        drawn = random.choice(len(grid), (2, 400), p=weights)
        right = random.random(drawn.shape) < truth[drawn]
        with suppress(NoThreshold):
            found = find(*(Scored(grid[half], rights) for half, rights in zip(drawn, right)), error)
            broken += expected[round(found.score * 1000) - 1] > error
            answered += 1
    print(f"{chance}: a score in {answered} of {SPLITS}, the bound of {error} broken in {broken}")
    assert broken <= 0.05 * SPLITS
    assert answered > 0.1 * SPLITS or chance not in ("rising", "steep")


def test_most_are_answered() -> None:
    """Where low scores are right too, they are answered: all of a model without errors."""
    scores = np.linspace(0.1, 1, 400)
    found = find(Scored(scores, scores > 0), Scored(scores, scores > 0), 0.02)
    assert (found.answered, found.wrong, found.score) == (400, 0, 0.1)


def test_low_scores_are_wrong() -> None:
    """The score lies above all that are wrong where those are many, and little above."""
    scores = np.linspace(0, 1, 1000)
    found = find(Scored(scores, scores > 0.5), Scored(scores, scores > 0.5), 0.01)
    assert 0.5 < found.score <= 0.53
    assert found.bound <= 0.01


@pytest.mark.parametrize("pictures", [0, 1, 148])
def test_too_few(pictures: int) -> None:
    """Few pictures without error prove little; the message says how many are needed."""
    half = Scored(np.full(pictures, 0.9), np.ones(pictures, bool))
    with pytest.raises(NoThreshold, match="At least 149 of them"):
        find(half, half, 0.02)


def test_enough() -> None:
    """149 pictures without error prove that less than 2 % are wrong."""
    half = Scored(np.full(149, 0.9), np.ones(149, bool))
    assert find(half, half, 0.02).answered == 149
