"""Whether a model file gives the answers that somebody saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evaluation.errors import EvaluationError
from evaluation.expected import comparison
from evaluation.expected.answers import MOST_SURE, SLACK, ExpectedAnswers
from evaluation.expected.comparison import Answered, Comparison
from evaluation.expected.matching import Pictures
from evaluation.reading import Unreadable, read
from predictor import BadImage, Classifier

Report = Callable[[int, int], None]
"""Told how many answers were looked at, of how many."""


@dataclass(frozen=True)
class Reproduction:
    """The comparison; unmatched: pictures that are nowhere; unreadable: those that cannot be answered, and why."""

    expected: ExpectedAnswers
    comparison: Comparison
    unmatched: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...]

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        compared = self.comparison
        reproduced = f"reproduces {compared.reproduced:,} of {len(compared.compared):,} answers"
        near = f"within {SLACK:g}" if compared.decimals > MOST_SURE else f"to {compared.decimals} decimals"
        return f"{reproduced} {near}"


def reproduce(classifier: Classifier, expected: ExpectedAnswers, folder: Path, report: Report) -> Reproduction:
    """Ask the model about every picture that is found; raises EvaluationError where there is none."""
    pictures, unmatched, unreadable = Pictures(folder), [], []
    answered: list[Answered] = []
    for number, answer in enumerate(expected.answers):
        report(number, len(expected.answers))
        address = pictures.address(answer.picture)
        if address is None:
            unmatched.append(answer.picture)
            continue
        try:
            data = read(address, classifier.limits)
            answered.append((answer, address, classifier.scores(classifier.decode(data))))
        except (BadImage, Unreadable) as error:
            unreadable.append((address, error.reason))
    report(len(expected.answers), len(expected.answers))
    if not answered:
        name, why = unreadable[0] if unreadable else (expected.answers[0].picture, f"it is not in {folder}.")
        raise EvaluationError(f"None of the {len(expected.answers):,} pictures could be answered. {name}: {why}")
    compared = comparison.compare(answered, classifier.info.labels)
    return Reproduction(expected, compared, tuple(unmatched), tuple(unreadable))
