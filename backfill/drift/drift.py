"""Whether pictures look as those of a reference did, window by window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby

import numpy as np

from backfill.drift.change import Change, changes
from backfill.drift.observation import UNITS, Observation, means, windows
from backfill.drift.statistic import Matrix, Reference

REFERENCE, WINDOW = 300, 100  # pictures
LEAST_UNITS, LEAST_IN_WINDOW = 30, 5  # sources or days, without which chance cannot be told from change
IN_A_ROW = 2  # windows
GROUPS = "groups"
"""Sources on a day: of them alone nothing is known, as all of one day may be alike, and all of one source."""


@dataclass(frozen=True)
class Window:
    """Pictures of some days; strength: T² as a share of the threshold, None where there are too few sources."""

    observations: Sequence[Observation]
    strength: float | None

    @property
    def differs(self) -> bool:
        """Whether it is over the threshold."""
        return self.strength is not None and self.strength > 1

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last."""
        return self.observations[0].day, self.observations[-1].day


@dataclass(frozen=True)
class Episode:
    """Windows in a row that differ."""

    windows: Sequence[Window]
    changes: Sequence[Change]
    is_over: bool

    @property
    def observations(self) -> list[Observation]:
        """All pictures of it."""
        return [one for window in self.windows for one in window.observations]

    @property
    def since(self) -> date:
        """The first day."""
        return self.windows[0].days[0]

    @property
    def until(self) -> date | None:
        """The last day, if it is over."""
        return self.windows[-1].days[1] if self.is_over else None


@dataclass(frozen=True)
class Drift:
    """A reference, and what comes after it."""

    reference: Sequence[Observation]
    later: Sequence[Observation]

    @classmethod
    def of_stream(cls, observations: Sequence[Observation]) -> Drift:
        """The first 300 pictures are the reference, or more, until there are enough days."""
        first = next(windows(observations, REFERENCE, LEAST_UNITS), list(observations))
        return cls(first, observations[len(first) :])

    @cached_property
    def windows(self) -> list[Window]:
        """All later pictures but those of the last days, if they are too few."""
        found = windows(self.later, WINDOW, LEAST_IN_WINDOW) if self.is_known else ()
        return [Window(window, self._strength(window)) for window in found]

    @property
    def is_known(self) -> bool:
        """Whether the reference is large enough to tell chance from change."""
        return len(self.reference) >= REFERENCE and bool(self._references.keys() - {GROUPS})

    @property
    def is_judged(self) -> bool:
        """Whether anything could be said: two windows with enough sources."""
        return sum(window.strength is not None for window in self.windows) >= IN_A_ROW

    def episodes(self) -> Iterator[Episode]:
        """The times at which at least two windows in a row differ."""
        for differs, found in groupby(self.windows, key=lambda window: window.differs):
            row = list(found)
            if differs and len(row) >= IN_A_ROW:
                after = means([one for window in row for one in window.observations], UNITS[GROUPS])
                yield Episode(row, changes(self._means[GROUPS], after), row[-1] is not self.windows[-1])

    @cached_property
    def _means(self) -> dict[str, Matrix]:
        return {name: means(self.reference, unit) for name, unit in UNITS.items()}

    @cached_property
    def _references(self) -> dict[str, Reference]:
        """By the unit that is drawn; only those of which there are enough."""
        return {name: Reference(found) for name, found in self._means.items() if len(found) >= LEAST_UNITS}

    def _strength(self, window: Sequence[Observation]) -> float | None:
        """The least of all units': whatever makes pictures alike must not explain it."""
        found = {}
        for name, reference in self._references.items():
            units = means(window, UNITS[name])
            if len(units) >= LEAST_IN_WINDOW:
                found[name] = reference.t_squared(units) / reference.threshold(len(units))
        return min(found.values()) if found.keys() - {GROUPS} else None


def typical(observations: Sequence[Observation], number: int) -> list[Observation]:
    """Pictures near the mean, one of each source and day."""
    values = np.array([one.features for one in observations])
    distances = (np.abs(values - values.mean(axis=0)) / (values.std(axis=0) + 1e-9)).sum(axis=1)
    found: dict[object, Observation] = {}
    for index in np.argsort(distances):
        found.setdefault(UNITS[GROUPS](observations[index]), observations[index])
    return list(found.values())[:number]
