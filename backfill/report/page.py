"""The labelled pictures as a page: one HTML file that asks no other address for anything."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from backfill.job import Job
from backfill.pipeline.finished import Finished
from backfill.report import messages
from backfill.report.messages import HEADINGS, Row, TimedSummary
from backfill.report.printable import printable
from backfill.report.summary import MOST_LEAST_CERTAIN, WITHOUT_LABELS, Summary
from pages import template, thumbnail
from pages.thumbnail import Thumbnail
from results.outcome import Outcome

MOST_BYTES = 8_000_000
"""Of all thumbnails together, as they stand in the page."""
MOST_OTHERS = 200
"""Labels that are named without pictures."""


@dataclass(frozen=True)
class LabelledPicture:
    """One picture as it is shown; score as the model gave it."""

    name: str
    score: float
    picture: Thumbnail


@dataclass(frozen=True)
class Section:
    """A label, how many pictures have it, and those of them that it fits least."""

    label: str
    count: int
    cards: tuple[LabelledPicture, ...]


def write(path: Path, job: Job, measured: TimedSummary) -> None:
    """Write the page about a run."""
    summary = measured.summary
    sections = list(_sections(summary, job.pictures.prefix.rfind("/") + 1))
    without = [section for section in sections if not section.cards]
    page = template.in_folder(Path(__file__).parent, "page.html").render(
        model=printable(f"{job.info.name}, version {job.info.version}"),
        pictures=printable(str(job.pictures)),
        results=printable(str(job.results)),
        figures=list(_figures(measured)),
        reasons=list(_reasons(summary)),
        sections=[section for section in sections if section.cards],
        others=without[:MOST_OTHERS],
        more=without[MOST_OTHERS:],
        most=MOST_LEAST_CERTAIN,
        failures=[
            (printable(str(one.source)), HEADINGS[one.outcome], printable(one.reason)) for one in _named(summary)
        ],
        failed=sum(summary.outcomes[outcome] for outcome in WITHOUT_LABELS),
    )
    path.write_text(page, encoding="utf-8")


def _figures(measured: TimedSummary) -> Iterator[tuple[str, str]]:
    outcomes = measured.summary.outcomes
    yield "Labelled", f"{outcomes[Outcome.LABELLED]:,}"
    for outcome, heading in HEADINGS.items():
        if outcomes[outcome]:
            yield heading, f"{outcomes[outcome]:,}"
    yield "Time", messages.duration(measured.seconds)


def _reasons(summary: Summary) -> Iterator[Row]:
    for outcome, heading in HEADINGS.items():
        if lines := list(messages.most(messages.reasons(summary, outcome), messages.MOST_REASONS)):
            yield heading, list(map(printable, lines))


def _named(summary: Summary) -> Iterator[Finished]:
    for outcome in WITHOUT_LABELS:
        yield from summary.without_labels.get(outcome, [])


def _sections(summary: Summary, start: int) -> Iterator[Section]:
    """Labels by their lowest score, those without pictures last; names of pictures from their character `start` on."""
    shown = _shown(summary)
    lowest = {label: found[0].score for label, found in shown.items()}
    for label in sorted(summary.labels, key=lambda label: (lowest.get(label, math.inf), -summary.labels[label], label)):
        found = shown.get(label, [])
        cards = (
            LabelledPicture(printable(one.source.name[start:]), one.score, thumbnail.of_file(one.thumbnail))
            for one in found
        )
        yield Section(printable(label), summary.labels[label], tuple(cards))


def _shown(summary: Summary) -> dict[str, list[Finished]]:
    """The pictures for which there is room, by label: the least certain of each, then the second of each, and so on."""
    shown: dict[str, list[Finished]] = {}
    room = MOST_BYTES
    for one in _in_turn(summary):
        room -= len(one.thumbnail) * 4 // 3  # as Base64
        if room < 0:
            break
        shown.setdefault(one.label, []).append(one)
    return shown


def _in_turn(summary: Summary) -> Iterator[Finished]:
    rounds = zip_longest(*summary.least_certain.values())
    for found in rounds:
        yield from sorted(filter(None, found), key=lambda one: one.score)
