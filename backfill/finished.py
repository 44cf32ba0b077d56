"""What came of one object."""

from __future__ import annotations

from dataclasses import dataclass

from service.location import Location
from service.outcome import Outcome


@dataclass(frozen=True)
class Finished:
    """The end of the work on one object; `RETRIED` means that nothing could be stored, which another run may."""

    source: Location
    outcome: Outcome
    reason: str = ""
    """Why there are no labels; empty where there are."""
    label: str = ""
    score: float = 0.0
    """Of the best label."""
    thumbnail: bytes = b""
    """A small PNG or JPEG, where a report is wanted."""

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder that cannot be listed, whatever is in it."""
        return self.outcome is Outcome.RETRIED and self.source.name.endswith("/")
