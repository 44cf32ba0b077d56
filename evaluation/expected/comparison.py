"""Expected answers beside those of a model: which are reproduced, and what the others have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.expected.answers import Class, ExpectedAnswer, decimals, tolerance

Scores = npt.NDArray[Any]
LEAST_FOR_AN_ORDER = 3  # pictures
AS_WRITTEN = ""


@dataclass(frozen=True)
class Meaning:
    """One meaning of the numbers that were written, and what is said of it."""

    name: str
    sentence: str
    expected: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]
    decimals: Callable[[int], int]
    needs_all: bool = False


def _softmax(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    powers = np.exp(values - values.max())
    return np.asarray(powers / powers.sum())


MEANINGS = (
    Meaning(AS_WRITTEN, "", lambda values: values, lambda written: written),
    Meaning("percent", "The scores are in percent.", lambda values: values / 100, lambda written: written + 2),
    Meaning(
        "logits",
        "The scores are logits: a softmax makes the model's of them.",
        _softmax,
        lambda written: written,
        needs_all=True,
    ),
)


@dataclass(frozen=True)
class Compared:
    """One expected answer beside the model's. address: where the picture is. scores: the model's, of all classes.

    difference: the largest of a listed score, infinite where a label is none of the model's. expected: the scores by
    class, in the meaning that was found.
    """

    answer: ExpectedAnswer
    address: str
    scores: Scores
    expected: dict[int, float]
    difference: float

    def worst(self) -> int | None:
        """The class whose score differs most."""
        return max(self.expected, key=lambda one: abs(self.expected[one] - self.scores[one]), default=None)


@dataclass(frozen=True)
class Comparison:
    """All of them. meaning: of the numbers. order: for labels that stand for others, by the class they stand for."""

    compared: tuple[Compared, ...]
    decimals: int
    meaning: Meaning
    order: dict[str, str]

    @property
    def reproduced(self) -> int:
        """How many answers the model gives too, to the decimals that were written."""
        return sum(one.difference <= tolerance(self.decimals) for one in self.compared)

    @property
    def is_complete(self) -> bool:
        """Whether all are reproduced."""
        return self.reproduced == len(self.compared)

    def worst_first(self) -> list[Compared]:
        """Those that are not reproduced, by falling difference."""
        others = [one for one in self.compared if one.difference > tolerance(self.decimals)]
        return sorted(others, key=lambda one: -one.difference)


Answered = tuple[ExpectedAnswer, str, Scores]
"""An expected answer, where its picture is, and the scores that the model gives it."""


def compare(answered: Sequence[Answered], labels: Sequence[str]) -> Comparison:
    """The comparison in the meaning of the numbers that reproduces most, the plain one first."""
    written = decimals(score for answer, _, _ in answered for score in answer.scores.values())
    classes = classes_by_name(labels)
    results = []
    for meaning in MEANINGS:
        found = tuple(_compared(one, classes, meaning) for one in answered)
        results.append(Comparison(found, meaning.decimals(written), meaning, {}))
    best = max(results, key=lambda result: result.reproduced)
    if best.is_complete:
        return best
    order = _order(best, labels)
    return Comparison(best.compared, best.decimals, best.meaning, order)


def classes_by_name(labels: Sequence[str]) -> dict[Class, int]:
    """The number of a class by its label, or by its number as it may be written."""
    numbers: dict[Class, int] = {}
    for index in range(len(labels)):
        numbers |= {index: index, str(index): index, f"class_{index}": index}
    return numbers | {label: index for index, label in enumerate(labels)}


def _compared(one: Answered, classes: dict[Class, int], meaning: Meaning) -> Compared:
    answer, address, scores = one
    values = np.array([float(score) for score in answer.scores.values()])
    if meaning.needs_all and len(values) != len(scores):
        return Compared(answer, address, scores, {}, np.inf)
    expected: dict[int, float] = {}
    unknown = False
    for label, value in zip(answer.scores, meaning.expected(values)):
        index = classes.get(label)
        unknown |= index is None or index >= len(scores)
        if index is not None and index < len(scores):
            expected[index] = float(value)
    difference = max((abs(value - float(scores[index])) for index, value in expected.items()), default=np.inf)
    return Compared(answer, address, scores, expected, np.inf if unknown else float(difference))


def _order(comparison: Comparison, labels: Sequence[str]) -> dict[str, str]:
    """Where every label's scores are those of one other class throughout: the label of that class; else nothing."""
    compared, near = comparison.compared, tolerance(comparison.decimals)
    if len(compared) < LEAST_FOR_AN_ORDER or any(len(one.expected) != len(labels) for one in compared):
        return {}
    ours = np.stack([one.scores for one in compared])
    theirs = np.array([[one.expected[index] for index in range(len(labels))] for one in compared])
    apart = np.abs(theirs[:, :, np.newaxis] - ours[:, np.newaxis, :]).max(axis=0)
    matches = [np.flatnonzero(row <= near) for row in apart]
    if any(len(match) != 1 for match in matches) or len({int(match[0]) for match in matches}) != len(labels):
        return {}
    found = {labels[index]: labels[int(match[0])] for index, match in enumerate(matches)}
    return {label: other for label, other in found.items() if label != other}
