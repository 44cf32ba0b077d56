"""The messages about a backfill that ran, or that would run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import click

from backfill.job import Job
from backfill.report.estimate import Speed, Survey
from backfill.report.prices import PRICES_OF, Cost
from backfill.report.printable import printable
from backfill.report.summary import Summary
from results.outcome import Outcome

MOST_LABELS = 20
MOST_REASONS = 10
MOST_NAMES = 10
"""Of those without labels, of each outcome."""
HEADINGS = {
    Outcome.IGNORED: "Left alone",
    Outcome.SUPERSEDED: "Superseded",
    Outcome.REFUSED: "Refused",
    Outcome.FAILED: "Failed",
    Outcome.RETRIED: "Not stored",
}

Row = tuple[str, list[str]]
"""A heading and its lines."""


@dataclass(frozen=True)
class TimedSummary:
    """A run that took so many seconds."""

    summary: Summary
    seconds: float

    def rows(self) -> Iterator[Row]:
        """All of it, without what did not happen."""
        outcomes, labels = self.summary.outcomes, self.summary.labels
        rate = (outcomes.total() - outcomes[Outcome.IGNORED]) / self.seconds
        yield "Labelled", [f"{outcomes[Outcome.LABELLED]:,}"]
        yield from endings(self.summary)
        if labels:
            yield "Labels", list(most(labels, MOST_LABELS))
        yield "Time", [f"{duration(self.seconds)}, {rate:,.1f} a second"]


def endings(summary: Summary) -> Iterator[Row]:
    """The outcomes of objects without labels: how many, why, and the names of those that were to have some."""
    for outcome, heading in HEADINGS.items():
        if number := summary.outcomes[outcome]:
            why = reasons(summary, outcome)
            named = summary.without_labels.get(outcome, [])[:MOST_NAMES]
            names = [f"   {one.source}{f': {one.reason}' if len(why) > 1 else ''}" for one in named]
            more = [f"   and {number - len(names):,} more"] if names and number > len(names) else []
            yield heading, [f"{number:,}", *most(why, MOST_REASONS), *names, *more]


def reasons(summary: Summary, outcome: Outcome) -> Counter[str]:
    """Why objects came to an outcome."""
    return Counter({reason: number for (of, reason), number in summary.reasons.items() if of is outcome})


def estimate(job: Job, survey: Survey, speed: Speed | None, workers: int | None) -> Iterator[Row]:
    """The survey and its estimate; without workers it is not this machine that will do it."""
    yield "Objects", [f"{survey.found:,}"]
    yield from endings(survey.ended)
    limited = " (--limit)" if survey.to_do == job.limit else ""
    yield "To label", [f"{survey.to_do:,}{limited}, {size(survey.size)}"]
    if speed and workers:
        seconds = speed.seconds(survey.to_do, workers)
        yield "Time", [f"about {duration(seconds)} on {workers} worker{'s' if workers > 1 else ''} of this machine"]
    if speed:
        reading, classifying = speed.reading * 1000, speed.classifying * 1000
        tried = f"as {speed.tried} of them took here" if speed.tried > 1 else "as one of them took here"
        yield "A picture", [f"{reading:,.1f} ms to read, {classifying:,.1f} ms to classify, {tried}"]
    if job.pictures.bucket or job.results.bucket:
        yield "Cost", list(_cost(survey.cost(job)))


def _cost(cost: Cost) -> Iterator[str]:
    yield f"about ${cost.operations:,.2f} for operations of Cloud Storage (prices of {PRICES_OF})"
    if cost.transfer:
        yield f"and ${cost.transfer:,.2f} for reading from outside of Google Cloud; from the bucket's region, nothing"


def show(rows: Iterable[Row]) -> None:
    """Print rows, their lines below each other."""
    rows = list(rows)
    width = max(len(heading) for heading, _ in rows) + 2
    for heading, lines in rows:
        for number, line in enumerate(lines):
            click.echo(f"{'' if number else heading:{width}}{printable(line)}")


def duration(seconds: float) -> str:
    """Seconds in words, exactly where they are few."""
    return f"{seconds:.1f} s" if seconds < 60 else f"{timedelta(seconds=round(seconds))} h"


def size(count: int) -> str:
    """Bytes in the unit that fits."""
    amount, units = float(count), ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while amount >= 1024 and len(units) > 1:
        amount /= 1024
        units.pop(0)
    return f"{amount:,.0f} {units[0]}" if units[0] == "bytes" else f"{amount:,.1f} {units[0]}"


def most(counted: Counter[str], most: int) -> Iterator[str]:
    """The most frequent with their numbers, and how many the others are."""
    shown = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    digits = len(f"{shown[0][1]:,}") if shown else 0
    yield from (f"{number:{digits},}  {name}" for name, number in shown[:most])
    if more := shown[most:]:
        yield f"{sum(number for _, number in more):{digits},}  of {len(more):,} others"
