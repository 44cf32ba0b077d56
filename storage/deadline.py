"""The moments by which the work on one event has to end."""

from __future__ import annotations

import time
from dataclasses import dataclass

STORAGE_SHARE = 0.8
"""The part of TIMEOUT_SECONDS that loading a model, or reading a picture for an HTTP request, may take."""
CLASSIFIED_BY, STORED_BY, RECORDED_BY = 0.6, 0.75, 0.9
"""The parts of TIMEOUT_SECONDS by which an upload is classified, its labels stored, and failing that stored why.

Each thing has time that nothing before it can use; the rest is for the answer.
"""


class OutOfTime(TimeoutError):
    """The time for this event is used up."""

    def __init__(self) -> None:
        super().__init__("the time that TIMEOUT_SECONDS allows is used up")


@dataclass(frozen=True)
class Deadline:
    """A moment of the monotonic clock, in seconds."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The moment that is so many seconds away."""
        return cls(time.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds that are left, more than zero; raises OutOfTime when none are."""
        seconds = self.at - time.monotonic()
        if seconds <= 0:
            raise OutOfTime
        return seconds

    def share(self, part: float) -> Deadline:
        """An earlier deadline: after that part, 0 to 1, of what is left."""
        return Deadline.after(self.remaining() * part)


@dataclass(frozen=True)
class Schedule:
    """By when the parts of the work on one event have to end, one after the other."""

    classified: Deadline
    stored: Deadline
    recorded: Deadline

    @classmethod
    def of(cls, timeout: float) -> Schedule:
        """For an event that came now, and has so many seconds."""
        return cls(*(Deadline.after(timeout * part) for part in (CLASSIFIED_BY, STORED_BY, RECORDED_BY)))
