"""Expected answers beside a model's, as a page: one HTML file that asks no other address for anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evaluation.expected import summary
from evaluation.expected.comparison import Compared
from evaluation.expected.reproduction import Reproduction
from evaluation.report.page import LONGEST
from evaluation.report.picture import shown
from evaluation.summary import printable
from pages import template
from pages.thumbnail import Thumbnail
from predictor import ModelInfo

MOST_LABELS = 5


@dataclass(frozen=True)
class ComparedAnswer:
    """One answer that is not reproduced. rows: label, expected and own score of those that differ most."""

    name: str
    picture: Thumbnail | None
    rows: tuple[tuple[str, float, float], ...]


def write(path: Path, info: ModelInfo, found: Reproduction) -> None:
    """Write the page; raises OSError."""
    compared = found.comparison
    page = template.in_folder(Path(__file__).parent, "expected.html").render(
        model=f"{info.name}, version {info.version}",
        kind=found.expected.kind,
        is_complete=compared.is_complete,
        outcome=found.sentence,
        remarks=summary.remarks(found),
        figures=[
            ("Answers compared", f"{len(compared.compared):,}"),
            ("Reproduced", f"{compared.reproduced:,}"),
            ("Pictures not found", f"{len(found.unmatched):,}"),
            ("Pictures unreadable", f"{len(found.unreadable):,}"),
        ],
        cards=[_card(one, info) for one in compared.worst_first()[: summary.MOST_WORST]],
    )
    path.write_text(page, encoding="utf-8", errors="backslashreplace")


def _card(one: Compared, info: ModelInfo) -> ComparedAnswer:
    far = sorted(one.expected, key=lambda index: -abs(one.expected[index] - float(one.scores[index])))[:MOST_LABELS]
    rows = tuple((info.labels[index], one.expected[index], float(one.scores[index])) for index in far)
    return ComparedAnswer(printable(one.address), shown(one.address, info.decoding, LONGEST), rows)
