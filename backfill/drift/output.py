"""What drift is told with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DriftOutput:
    """A page, JSON."""

    report: Path | None = None
    as_json: bool = False
