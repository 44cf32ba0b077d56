"""The moment by which the work on one event has to end."""

from __future__ import annotations

import time
from dataclasses import dataclass

STORAGE_SHARE = 0.8
"""The part of TIMEOUT_SECONDS in which storage calls may happen; the rest is for the model, and to say what failed."""


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
