"""What is made of a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CompareOutput:
    """A page, a table, JSON; max_flips: percent of pictures that may change their label."""

    report: Path | None = None
    csv: Path | None = None
    as_json: bool = False
    max_flips: float | None = None
