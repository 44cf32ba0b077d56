"""Two answers for each of many pictures, in bounded memory: what changes, and how certain both were of it."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from itertools import count

from backfill.compare.answer import Answer
from storage.upload import Upload

MOST_KEPT = 100
"""Pictures whose label changes that are shown, the most certain ones."""


@dataclass(frozen=True)
class Change:
    """One picture whose label changes."""

    upload: Upload
    before: Answer
    after: Answer

    @property
    def certainty(self) -> float:
        """How certain the less certain of both is: high where two certain answers contradict each other."""
        return min(self.before.score, self.after.score)


@dataclass
class Comparison:
    """All pictures that have both answers, and how many were left out, by reason."""

    pictures: int = 0
    flips: Counter[tuple[str, str]] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    models: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))
    _sums: list[float] = field(default_factory=lambda: [0.0, 0.0])
    _labelled: list[int] = field(default_factory=lambda: [0, 0])
    _shift: float = 0.0
    _same: int = 0
    _largest: float = 0.0
    _kept: list[tuple[float, int, Change]] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=count)

    def add(self, upload: Upload, before: Answer, after: Answer) -> Change | None:
        """Count one picture; what changes of it, if its label does."""
        self.pictures += 1
        for side, answer in enumerate((before, after)):
            self.models[side][answer.model] += 1
            if answer.label:
                self._sums[side] += answer.score
                self._labelled[side] += 1
        if before.in_words == after.in_words:
            if before.label:
                self._same += 1
                self._shift += after.score - before.score
                self._largest = max(self._largest, abs(after.score - before.score))
            return None
        self.flips[before.in_words, after.in_words] += 1
        change = Change(upload, before, after)
        entry = (change.certainty, -next(self._numbers), change)
        if len(self._kept) < MOST_KEPT:
            heapq.heappush(self._kept, entry)
        else:
            heapq.heappushpop(self._kept, entry)
        return change

    @property
    def changed(self) -> int:
        """How many pictures change their label."""
        return self.flips.total()

    @property
    def share(self) -> float:
        """Which share of all that is, 0 to 1."""
        return self.changed / self.pictures if self.pictures else 0.0

    @property
    def mean_scores(self) -> tuple[float | None, float | None]:
        """The mean score of the best label before and after; None where nothing had a label."""
        first, second = (total / n if n else None for total, n in zip(self._sums, self._labelled))
        return first, second

    @property
    def shift(self) -> float | None:
        """By how much the score rises on average where the label stays; None where none does."""
        return self._shift / self._same if self._same else None

    @property
    def largest_shift(self) -> float:
        """The largest change of a score where the label stays."""
        return self._largest

    def most_certain(self) -> list[Change]:
        """The changes, most certain first."""
        return [change for _, _, change in sorted(self._kept, key=lambda entry: entry[:2], reverse=True)]
