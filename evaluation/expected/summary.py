"""A reproduction, for a terminal and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from evaluation.expected.comparison import Compared
from evaluation.expected.reproduction import Reproduction
from evaluation.summary import printable
from predictor import ModelInfo

MOST_SHOWN = 10
MOST_WORST = 48  # in JSON and on the page


def lines(info: ModelInfo, found: Reproduction) -> Iterator[str]:
    """The lines of the summary."""
    yield f"Model       {info.name}, version {info.version}"
    yield f"Expected    {len(found.expected.answers):,} answers: {found.expected.kind}"
    yield f"Outcome     {found.sentence}"
    yield from (f"            {printable(line)}" for line in remarks(found))
    yield from _listed("Not found", [printable(name) for name in found.unmatched])
    yield from _listed("Unreadable", [printable(f"{name}: {reason}") for name, reason in found.unreadable])
    yield from _listed("Had failed", [printable(line) for line in found.expected.failed])
    worst = found.comparison.worst_first()
    if worst:
        yield "\nFarthest from what was expected"
        yield from (f"  {printable(line(one, info.labels))}" for one in worst[:MOST_SHOWN])


def remarks(found: Reproduction) -> list[str]:
    """What the numbers turned out to be."""
    compared = found.comparison
    said = [compared.meaning.sentence] if compared.meaning.sentence and compared.reproduced else []
    if compared.order:
        pairs = ", ".join(f"{label!r} has the scores of {other!r}" for label, other in list(compared.order.items())[:5])
        said.append(f"The labels are in another order: {pairs}. Give the labels in the order of the scores.")
    return said


def line(one: Compared, labels: Sequence[str]) -> str:
    """One answer that is not reproduced, where it differs most."""
    worst = one.worst()
    if worst is None:
        listed = ", ".join(map(str, list(one.answer.scores)[:3]))
        return f"{one.address}: the model has none of its labels ({listed})"
    expected, ours = one.expected[worst], float(one.scores[worst])
    return f"{abs(expected - ours):.4f}  {one.address}: {labels[worst]} {expected:.4f} expected, {ours:.4f} here"


def document(info: ModelInfo, found: Reproduction) -> dict[str, Any]:
    """The same as JSON: `pictures`, `reproduced`, `decimals`, `meaning`, `order`, `worst` and what was left out."""
    compared = found.comparison
    return {
        "model": {"name": info.name, "version": info.version},
        "expected": {"kind": found.expected.kind, "answers": len(found.expected.answers)},
        "pictures": len(compared.compared),
        "reproduced": compared.reproduced,
        "decimals": compared.decimals,
        "meaning": compared.meaning.name or "scores",
        "order": compared.order,
        "worst": [_worst(one, info.labels) for one in compared.worst_first()[:MOST_WORST]],
        "unmatched": list(found.unmatched),
        "unreadable": [{"file": name, "reason": reason} for name, reason in found.unreadable],
    }


def _worst(one: Compared, labels: Sequence[str]) -> dict[str, Any]:
    worst = one.worst()
    label = {} if worst is None else {"label": labels[worst], "expected": one.expected[worst]}
    score = {} if worst is None else {"score": float(one.scores[worst])}
    return (
        {"file": one.address, "difference": one.difference if math.isfinite(one.difference) else None} | label | score
    )


def _listed(heading: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        yield f"{heading:12}{len(names):,} pictures:"
        yield from (f"  {name}" for name in names[:MOST_SHOWN])
    if len(names) > MOST_SHOWN:
        yield f"  and {len(names) - MOST_SHOWN:,} more"
