"""Contestants measured in turns, so that what disturbs the machine disturbs all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

OURS = "this project"
MILLISECONDS = 1000


@dataclass(frozen=True)
class Spread:
    """Median, minimum and maximum of what was measured several times."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: tuple[float, ...]) -> Spread:
        """The spread of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Comparison:
    """What one benchmark measured in one case: for each contestant a value a round."""

    benchmark: str
    case: str
    unit: str
    values: Mapping[str, tuple[float, ...]]

    def spread(self, contestant: str) -> Spread:
        """How a contestant's values spread over the rounds."""
        return Spread.of(self.values[contestant])

    def ratios(self, contestant: str) -> Spread | None:
        """Ours divided by the contestant's, round by round; None for ourselves, or where we do not take part."""
        if contestant == OURS or OURS not in self.values:
            return None
        pairs = zip(self.values[OURS], self.values[contestant], strict=True)
        return Spread.of(tuple(ours / theirs for ours, theirs in pairs))

    def as_document(self) -> dict[str, Any]:
        """The comparison with all values, for JSON."""
        ratios = {name: spread.median for name in self.values if (spread := self.ratios(name))}
        fields = {"benchmark": self.benchmark, "case": self.case, "unit": self.unit}
        return fields | {"values": dict(self.values), "median_ratios": ratios}


def alternate(contestants: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, tuple[float, ...]]:
    """Ask every contestant for one value a round; every other round in the opposite order."""
    values: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds):
        for name in list(contestants)[:: -1 if number % 2 else 1]:
            values[name].append(contestants[name]())
    return {name: tuple(measured) for name, measured in values.items()}


def timed(call: Callable[[], object], times: int = 1) -> Callable[[], float]:
    """A contestant whose value is how many milliseconds one of so many calls takes."""

    def measure() -> float:
        start = time.perf_counter()
        for _ in range(times):
            call()
        return (time.perf_counter() - start) / times * MILLISECONDS

    return measure
