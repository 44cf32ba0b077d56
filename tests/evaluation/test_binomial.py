"""Bounds of shares, compared with SciPy's."""

from __future__ import annotations

import pytest
from scipy import stats

from evaluation.binomial import at_most, least_trials, upper_bound, wilson

CASES = [(0, 1), (1, 1), (0, 10), (3, 10), (10, 10), (0, 149), (2, 400), (37, 1000), (9950, 10000), (120, 100_000)]


@pytest.mark.parametrize(("successes", "trials"), CASES)
def test_clopper_pearson(successes: int, trials: int) -> None:
    """The upper bound is the exact one."""
    exact = stats.binomtest(successes, trials, alternative="less").proportion_ci(0.95, "exact").high
    assert upper_bound(successes, trials) == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize(("successes", "trials"), CASES)
def test_wilson(successes: int, trials: int) -> None:
    """The interval is Wilson's, without a correction for continuity."""
    exact = stats.binomtest(successes, trials).proportion_ci(0.95, "wilson")
    assert wilson(successes, trials) == pytest.approx((exact.low, exact.high), abs=1e-12)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 1.0])
@pytest.mark.parametrize(("successes", "trials"), CASES)
def test_tail(successes: int, trials: int, share: float) -> None:
    """The tail is the binomial distribution's."""
    assert at_most(successes, trials, share) == pytest.approx(stats.binom.cdf(successes, trials, share), abs=1e-9)


def test_nothing_measured() -> None:
    """Without trials nothing is known."""
    assert (wilson(0, 0), upper_bound(0, 0)) == ((0.0, 1.0), 1.0)


@pytest.mark.parametrize("error", [0.5, 0.1, 0.02, 0.001])
def test_least_trials(error: float) -> None:
    """As many pictures without error are enough, and one less is not."""
    least = least_trials(error)
    assert upper_bound(0, least) <= error < upper_bound(0, least - 1)
