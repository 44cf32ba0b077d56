"""In which way pictures differ from a reference, in words that need no statistics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backfill.drift.statistic import Matrix

LEAST_SHARE = 0.5
"""Of the largest difference: what differs less is not named."""


@dataclass(frozen=True)
class Change:
    """One way; strength: the difference in standard deviations of the reference's units."""

    words: str
    strength: float


def changes(reference: Matrix, window: Matrix) -> list[Change]:
    """The ways, strongest first; at least one."""
    before, after = _quantities(reference), _quantities(window)
    spread = np.sqrt(before.var(axis=0) + _SMALLEST**2)
    strengths = (after.mean(axis=0) - before.mean(axis=0)) / spread
    found = [Change(_WORDS[index][int(one > 0)], abs(float(one))) for index, one in enumerate(strengths)]
    found.sort(key=lambda change: change.strength, reverse=True)
    named = [change for change in found if change.strength >= LEAST_SHARE * found[0].strength]
    implied = _implied({change.words for change in named})
    return [change for change in named if change.words not in implied]


_WORDS = (
    ("darker", "brighter"),
    ("less red", "redder"),
    ("less green", "greener"),
    ("less blue", "bluer"),
    ("less colour", "more colour"),
    ("less contrast", "more contrast"),
    ("blurred", "sharper or noisier"),
)
_CASTS = {word for words in _WORDS[1:4] for word in words}
_SMALLEST = np.array([1.0, *[0.03] * 3, 0.01, 0.01, 0.02])
"""Deviations below which a quantity counts as constant: most pictures are as green as they are bright."""


def _implied(words: set[str]) -> set[str]:
    """Gray pictures are less red, too, where they were red; and what is redder has more colour."""
    return _CASTS if "less colour" in words else {"more colour"} if words & _CASTS else set()


def _quantities(units: Matrix) -> Matrix:
    """Brightness, each channel, colour and contrast as shares of it, sharpness: float64 [units, 7]."""
    brightness = units[:, :3].mean(axis=1)
    means, deviations = (values / brightness[:, np.newaxis].clip(1) for values in (units[:, :3], units[:, 3:6]))
    colour = means.std(axis=1) + deviations.std(axis=1)
    return np.column_stack([brightness, means, colour, deviations.mean(axis=1), units[:, 6]])
