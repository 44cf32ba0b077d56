"""A comparison for a terminal, as JSON, and as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backfill.compare.comparison import Change, Comparison
from backfill.report.printable import printable

MOST_FLIPS, MOST_SHOWN, MOST_REASONS = 20, 10, 10
CSV_HEADING = ("picture", "from", "to", "score_before", "score_after")


def lines(found: Comparison) -> Iterator[str]:
    """The lines of the summary."""
    for heading, models in zip(("Before", "After"), found.models):
        yield f"{heading:10}{', '.join(printable(name) for name, _ in models.most_common(3)) or 'nothing'}"
    yield f"{'Pictures':10}{found.pictures:,} compared"
    for reason, number in found.left_out.most_common(MOST_REASONS):
        yield f"{'':10}{number:,} {printable(reason)}, left out"
    yield f"{'Changed':10}{found.changed:,} ({found.share:.1%})"
    for (before, after), number in found.flips.most_common(MOST_FLIPS):
        yield f"{number:10,}  {printable(before)} → {printable(after)}"
    if len(found.flips) > MOST_FLIPS:
        yield f"{'':10}and {len(found.flips) - MOST_FLIPS:,} other pairs; --json has all"
    yield f"{'Scores':10}{_scores(found)}"
    if found.changed:
        yield "\nMost certain of those that change"
        yield from (f"  {_line(change)}" for change in found.most_certain()[:MOST_SHOWN])


def document(found: Comparison) -> dict[str, Any]:
    """The same as JSON."""
    before, after = found.mean_scores
    return {
        "pictures": found.pictures,
        "changed": found.changed,
        "flips": [{"from": one, "to": other, "count": count} for (one, other), count in found.flips.most_common()],
        "scores": {"before": before, "after": after, "shift": found.shift, "largest_shift": found.largest_shift},
        "changes": [dict(zip(CSV_HEADING, row(change))) for change in found.most_certain()],
        "left_out": dict(found.left_out.most_common()),
        "models": {"before": dict(found.models[0].most_common()), "after": dict(found.models[1].most_common())},
    }


def row(change: Change) -> tuple[Any, ...]:
    """The cells of a change."""
    name = printable(str(change.upload.location))
    return name, change.before.in_words, change.after.in_words, change.before.score, change.after.score


def _scores(found: Comparison) -> str:
    before, after = ("none" if score is None else f"{score:.4f}" for score in found.mean_scores)
    shift = f"; where the label stays {found.shift:+.4f} on average" if found.shift is not None else ""
    return f"{before} before, {after} after on average{shift}"


def _line(change: Change) -> str:
    scores = f"{change.before.score:.4f} → {change.after.score:.4f}"
    return f"{scores}  {printable(f'{change.upload.location}: {change.before.in_words} → {change.after.in_words}')}"
