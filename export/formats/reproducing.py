"""A finished file beside the answers that somebody saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evaluation.errors import EvaluationError
from evaluation.expected import reader, summary
from evaluation.expected.answers import ExpectedAnswers
from evaluation.expected.reproduction import Reproduction, reproduce
from evaluation.summary import printable
from export.errors import ExportError
from export.formats.writer import Row
from export.opening import Subject
from export.options import Options
from export.progress import Report
from predictor import Classifier, metadata

SHOWN_WORST = 3
LEAST_REPRODUCED = 0.5
"""Of the answers by which a recipe was found: else the file does something else than what was found."""


def read(options: Options) -> ExpectedAnswers | None:
    """The answers that the options name; ExportError where they are not understood."""
    if not options.expected:
        return None
    try:
        return reader.read(options.expected)
    except EvaluationError as error:
        raise ExportError(str(error)) from error


@dataclass(frozen=True)
class Outcome:
    """For the summary and the page, and for the file. failure: why it is not to be kept; empty when it is."""

    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    described: metadata.Reproduction | None = None
    failure: str = ""


def outcome(
    classifier: Classifier, expected: ExpectedAnswers, subject: Subject, options: Options, report: Report
) -> Outcome:
    """The answers of the finished file for the pictures that are found; ExportError where there are none."""
    assert options.images

    def told(done: int, total: int) -> None:
        report("Comparing with the expected answers", done, total)

    try:
        found = reproduce(classifier, expected, options.images, told)
    except EvaluationError as error:
        raise ExportError(str(error)) from error
    row = "Expected answers", tuple(map(printable, _lines(found, subject.labels.names)))
    compared = found.comparison
    described = metadata.Reproduction(len(compared.compared), compared.reproduced, compared.decimals)
    return Outcome((row,), _notes(found), described, _failure(found) if subject.pipeline.preprocessing else "")


def _failure(found: Reproduction) -> str:
    """Why a file is not kept that does not give the answers by which its preprocessing was found."""
    compared = found.comparison
    if compared.reproduced >= LEAST_REPRODUCED * len(compared.compared):
        return ""
    return (
        f"The file {found.sentence} by which its preprocessing was found. "
        f"{' '.join(summary.remarks(found)) or 'See whether --activation and --output are as they were then.'}"
    )


def _lines(found: Reproduction, labels: tuple[str, ...]) -> Iterator[str]:
    yield f"{found.sentence}: {found.expected.kind}"
    yield from summary.remarks(found)
    worst = found.comparison.worst_first()
    yield from (summary.line(one, labels) for one in worst[:SHOWN_WORST])
    if len(worst) > SHOWN_WORST:
        yield f"and {len(worst) - SHOWN_WORST:,} more"
    for names, what in (
        (found.unmatched, "not found"),
        (found.unreadable, "unreadable"),
        (found.expected.failed, "had failed"),
    ):
        if names:
            yield f"{len(names):,} pictures {what}"


def _notes(found: Reproduction) -> tuple[str, ...]:
    """A sentence where not every answer is reproduced."""
    if found.comparison.is_complete:
        return ()
    return (f"it is equal to the original, but {found.sentence} that were expected: see docs/answers.md.",)
