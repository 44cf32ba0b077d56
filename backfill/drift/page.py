"""What changed as a page with examples: one HTML file that asks no other address for anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backfill.drift import summary
from backfill.drift.drift import Drift, typical
from backfill.drift.observation import Observation
from backfill.report.printable import printable
from backfill.report.shown import shown
from pages import template
from pages.thumbnail import Thumbnail
from predictor import Decoding, Limits

MOST_EPISODES = 10  # the last ones


@dataclass(frozen=True)
class Example:
    """One picture as it is shown."""

    name: str
    day: str
    picture: Thumbnail | None


def write(path: Path, drift: Drift, decoding: Decoding, limits: Limits) -> None:
    """Write the page; raises OSError."""

    def examples(observations: Sequence[Observation]) -> list[Example]:
        return [
            Example(printable(str(one.upload.location)), str(one.day), shown(one.upload, decoding, limits))
            for one in typical(observations, summary.EXAMPLES)
        ]

    episodes = list(drift.episodes())[-MOST_EPISODES:]
    page = template.in_folder(Path(__file__).parent, "page.html").render(
        sentences=[] if episodes else list(summary.sentences(drift)),
        reference=examples(drift.reference) if drift.reference else [],
        episodes=[(summary.sentence(episode), examples(episode.observations)) for episode in episodes],
        windows=[(*window.days, len(window.observations), window.strength) for window in drift.windows],
    )
    path.write_text(page, encoding="utf-8", errors="backslashreplace")
