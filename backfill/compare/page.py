"""A comparison as a page: one HTML file that asks no other address for anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from backfill.compare import summary
from backfill.compare.comparison import Change, Comparison
from backfill.report.printable import printable
from backfill.report.shown import shown
from pages import template
from pages.thumbnail import Thumbnail
from predictor import Decoding, Limits


@dataclass(frozen=True)
class ChangedPicture:
    """One picture whose label changes, as it is shown."""

    name: str
    before: str
    after: str
    score_before: float
    score_after: float
    picture: Thumbnail | None


def write(path: Path, found: Comparison, decoding: Decoding, limits: Limits) -> None:
    """Write the page; raises OSError. decoding: of the new model, which is how pictures are shown."""
    page = template.in_folder(Path(__file__).parent, "page.html").render(
        figures=[
            ("Pictures compared", f"{found.pictures:,}"),
            ("Change their label", f"{found.changed:,}"),
            ("Share", f"{found.share:.1%}"),
        ],
        models=[printable(", ".join(name for name, _ in models.most_common(3))) for models in found.models],
        flips=[(printable(one), printable(other), number) for (one, other), number in found.flips.most_common(200)],
        cards=[_card(change, decoding, limits) for change in found.most_certain()],
    )
    path.write_text(page, encoding="utf-8", errors="backslashreplace")


def _card(change: Change, decoding: Decoding, limits: Limits) -> ChangedPicture:
    name, before, after, first, second = summary.row(change)
    return ChangedPicture(
        name, printable(before), printable(after), first, second, shown(change.upload, decoding, limits)
    )
