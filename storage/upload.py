"""One uploaded object, as what was delivered about it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from storage.location import Location


@dataclass(frozen=True)
class Upload:
    """One generation of one object; `event_id` and `time` (UTC) are the event's, where one told of it."""

    bucket: str
    name: str
    generation: int
    content_type: str | None
    size: int
    metadata: Mapping[str, str]
    event_id: str = ""
    time: datetime | None = None
    is_described: bool = True
    """False where only its name and generation were told: content type, size and metadata are not known then."""

    @property
    def location(self) -> Location:
        """Where the object is."""
        return Location(self.bucket, self.name)

    def seen(self, moment: datetime | None) -> Upload:
        """The same, known to have been there at that moment."""
        if moment is None or (self.time and self.time <= moment):
            return self
        return replace(self, time=moment)

    def age(self) -> float:
        """Seconds since the event; 0 when nothing says when it was."""
        return max(0.0, (datetime.now(timezone.utc) - self.time).total_seconds()) if self.time else 0.0

    def __str__(self) -> str:
        return f"gs://{self.bucket}/{self.name}#{self.generation}"
