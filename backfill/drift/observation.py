"""One picture as it was measured, and the windows of time that pictures are put into."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

import numpy as np

from backfill.drift import features, sample
from backfill.drift.camera import camera
from backfill.drift.features import Features
from backfill.drift.statistic import Matrix
from backfill.objects.object_store import object_store_for
from predictor import Decoding, Limits
from predictor.image import decode
from storage.deadline import Deadline
from storage.upload import Upload

Unit = Callable[["Observation"], object]


@dataclass(frozen=True)
class Observation:
    """The numbers of a picture; source: its folder, and the camera that it names."""

    upload: Upload
    source: tuple[str, str]
    features: Features = field(compare=False)

    @property
    def day(self) -> date:
        """The day on which it was stored, in UTC."""
        return sample.moment(self.upload).date()


@dataclass(frozen=True)
class Observer:
    """Reads and measures pictures."""

    decoding: Decoding
    limits: Limits
    timeout: float

    def observe(self, upload: Upload) -> Observation | None:
        """None for what is no picture, or cannot be read."""
        if upload.size > self.limits.max_bytes:
            return None
        try:
            store = object_store_for(upload.location)
            data = store.read(upload.location, upload.generation, self.limits, Deadline.after(self.timeout))
            pixels = decode(data, self.decoding, self.limits)
            return Observation(upload, (posixpath.dirname(upload.name), camera(data)), features.measure(pixels))
        except Exception:  # one picture must not stop the others; how many there were is told
            return None


UNITS: dict[str, Unit] = {
    "groups": lambda one: (one.source, one.day),
    "days": lambda one: one.day,
    "sources": lambda one: one.source,
}
"""What may be alike for one reason and is drawn as a whole: a source on a day, all of a day, all of a source."""


def means(observations: Iterable[Observation], unit: Unit) -> Matrix:
    """The mean of each unit, float64 [units, numbers]."""
    found: dict[object, list[Features]] = {}
    for one in observations:
        found.setdefault(unit(one), []).append(one.features)
    return np.array([np.mean(each, axis=0) for each in found.values()])


def windows(observations: Sequence[Observation], pictures: int, days: int) -> Iterator[list[Observation]]:
    """Whole days, until there are so many pictures and days; what is left in the end is no window."""
    window: list[Observation] = []
    number = 0
    for _, day in groupby(observations, key=lambda one: one.day):
        window += day
        number += 1
        if len(window) >= pictures and number >= days:
            yield window
            window, number = [], 0
