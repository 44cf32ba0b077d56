"""Expected answers: the scores that somebody saw for pictures, as far as they were written down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from evaluation.errors import EvaluationError

SLACK = 2e-5
"""How far scores may lie apart beside what rounding makes; processors and libraries differ by less."""
MOST_SURE = 4
"""Up to so many decimals the rounding counts for more than SLACK."""
MOST_DECIMALS = 7
"""What float32 holds; more decimals say no more."""

Class = str | int
"""A label, or the number of a class in the model's order where labels are not written."""


class BadAnswers(EvaluationError, ValueError):
    """A file or folder holds no answers that are understood."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"{address}: {reason}")
        self.address = address
        self.reason = reason


@dataclass(frozen=True)
class ExpectedAnswer:
    """The scores that were written down for one picture; `picture` is its name, path or address as it was written."""

    picture: str
    scores: Mapping[Class, Decimal]


@dataclass(frozen=True)
class ExpectedAnswers:
    """All answers of a file or folder. kind: what wrote them. failed: what is said of pictures without one."""

    kind: str
    answers: tuple[ExpectedAnswer, ...]
    failed: tuple[str, ...] = ()

    @property
    def decimals(self) -> int:
        """To how many decimals they were written: the most of any, as zeros at the end are often left out."""
        return decimals(score for answer in self.answers for score in answer.scores.values())


def decimals(scores: Iterable[Decimal]) -> int:
    """The most decimals of any of the numbers, up to those that float32 holds."""
    written = (-int(score.as_tuple().exponent) for score in scores)
    return min(max(written, default=0), MOST_DECIMALS)


def tolerance(written: int) -> float:
    """How far a score may lie from one that was rounded to so many decimals: half a step, and a little."""
    return 0.5 * 10.0**-written + SLACK
