"""Shares that were measured on some pictures, and what they say about all."""

from __future__ import annotations

import math

Z = 1.959963984540054
"""The normal distribution's 97.5 % quantile, for intervals of 95 %."""
CONFIDENCE = 0.95
_HALVINGS = 60  # of an interval of length 1: to the last bit
_NOTHING = 1e-17  # a term that no longer changes a sum


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The interval of 95 % for a share, 0 to 1; (0, 1) without trials.

    Wilson's score interval, which holds near 0 and 1 and for few trials too: E. B. Wilson, Probable Inference, the Law
    of Succession, and Statistical Inference, J. Am. Stat. Assoc. 22 (1927) 209-212.
    """
    if not trials:
        return 0.0, 1.0
    share, square = successes / trials, Z * Z
    middle = share + square / (2 * trials)
    half = Z * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    low, high = (middle - half) / (1 + square / trials), (middle + half) / (1 + square / trials)
    # At the ends they are 0 and 1 but for rounding.
    return (max(low, 0.0) if successes else 0.0), (min(high, 1.0) if successes < trials else 1.0)


def upper_bound(successes: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """The share, 0 to 1, that the true one exceeds with a probability of at most 1 - confidence; 1 without trials.

    The exact, one-sided bound: the share for which so few successes are as improbable as that. C. J. Clopper and E. S.
    Pearson, The Use of Confidence or Fiducial Limits Illustrated in the Case of the Binomial, Biometrika 26 (1934)
    404-413.
    """
    if successes >= trials:
        return 1.0
    low, high = successes / trials, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if at_most(successes, trials, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def at_most(successes: int, trials: int, share: float) -> float:
    """The probability of at most so many successes, where each trial is one with the probability `share`."""
    if share <= 0.0 or successes >= trials:
        return 1.0
    if share >= 1.0:
        return 0.0
    if successes < trials * share:
        return _tail(successes, trials, share)
    return 1.0 - _tail(trials - successes - 1, trials, 1 - share)  # more failures than these: the shorter tail


def _tail(successes: int, trials: int, share: float) -> float:
    """The same up to the mean, below which terms fall: the largest by `lgamma`, the others each from the one before."""
    whole = math.lgamma(trials + 1) - math.lgamma(successes + 1) - math.lgamma(trials - successes + 1)
    term = math.exp(whole + successes * math.log(share) + (trials - successes) * math.log1p(-share))
    odds, total = (1 - share) / share, 0.0
    for k in range(successes, -1, -1):
        total += term
        if term <= total * _NOTHING:
            break
        term *= odds * k / (trials - k + 1)
    return min(total, 1.0)


def least_trials(share: float, confidence: float = CONFIDENCE) -> int:
    """How many trials without a success bound the share so: (1 - share) ** n <= 1 - confidence."""
    return math.ceil(math.log(1 - confidence) / math.log1p(-share))
