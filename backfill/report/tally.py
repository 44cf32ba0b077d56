"""How far a backfill has come."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from backfill.report.summary import WITHOUT_LABELS
from results.outcome import Outcome


@dataclass
class Tally:
    """Objects counted as they are found and as they are finished."""

    to_do: int = 0
    left_alone: int = 0
    is_listed: bool = False
    """Whether all that there is has been found."""
    finished: Counter[Outcome] = field(default_factory=Counter)

    @property
    def found(self) -> int:
        """All that have been looked at."""
        return self.to_do + self.left_alone

    @property
    def done(self) -> int:
        """Those that something came of."""
        return self.finished.total()

    @property
    def errors(self) -> int:
        """Those among them that were to have labels and have none."""
        return sum(self.finished[outcome] for outcome in WITHOUT_LABELS)

    def progress(self) -> str:
        """The same as a sentence."""
        of = f" of {self.to_do:,}" if self.is_listed else ""
        return f"{self.done:,}{of} {'is' if self.done == 1 else 'are'} done."
