"""An evaluation as a page: one HTML file that asks no other address for anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evaluation import summary
from evaluation.measured import Evaluation, Wrong
from evaluation.report.picture import shown
from evaluation.threshold import Answered
from pages import template
from pages.thumbnail import Thumbnail

LONGEST = 160  # pixels a side
MOST_CONFUSED = 30
MOST_LABELS = 200
MOST_CLASSES = 20
"""Up to so many labels the whole confusion matrix is shown."""


@dataclass(frozen=True)
class WrongPicture:
    """One wrong answer as it is shown; no picture where it cannot be read any more."""

    name: str
    known: str
    answered: str
    score: float
    picture: Thumbnail | None


def write(path: Path, measured: Evaluation, use: str, answered: Answered | None) -> None:
    """Write the page; raises OSError."""
    labels = sorted(measured.labels(), key=lambda one: (one.recall is None, one.recall or 0.0, one.label))
    page = template.in_folder(Path(__file__).parent, "page.html").render(
        model=f"{measured.info.name}, version {measured.info.version}",
        use=use,
        figures=list(_figures(measured)),
        notes=[summary.printable(line) for line in summary.notes(measured)],
        decided=summary.decided(answered) if answered else "",
        cards=[_card(one, measured) for one in measured.most_certainly_wrong],
        labels=labels[:MOST_LABELS],
        more=max(len(labels) - MOST_LABELS, 0),
        share=summary.share,
        calibration=measured.calibration(),
        confused=measured.confused()[:MOST_CONFUSED],
        names=measured.info.labels if len(measured.info.labels) <= MOST_CLASSES else (),
        confusion=measured.confusion,
    )
    path.write_text(page, encoding="utf-8", errors="backslashreplace")


def _figures(measured: Evaluation) -> Iterator[tuple[str, str]]:
    low, high = measured.interval
    yield "Accuracy", f"{measured.accuracy:.1%}"
    yield "95 % interval (Wilson)", f"{low:.1%} to {high:.1%}"
    yield "Pictures", f"{measured.pictures:,}"
    calibration = measured.calibration()
    if calibration:
        yield "Expected calibration error", f"{calibration.error:.3f}"


def _card(wrong: Wrong, measured: Evaluation) -> WrongPicture:
    picture = shown(wrong.address, measured.info.decoding, LONGEST)
    return WrongPicture(summary.printable(wrong.address), wrong.known, wrong.answered, wrong.score, picture)
