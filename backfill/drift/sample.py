"""A sample of the pictures of each day."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from operator import itemgetter

from backfill.pipeline.page import digest
from storage.upload import Upload

A_DAY = 20
"""Pictures: a hundred are five days then, so that one day's weather or one burst is no window."""
MOST = 20_000
"""Pictures that are read in all; over many years fewer a day are."""

_START = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST = 250_000_000_000_000_000  # microseconds; in the year 9892: Python counts to 9999, and file systems further


def moment(upload: Upload) -> datetime:
    """When it was stored, in UTC: a generation is microseconds in Cloud Storage, of files nanoseconds."""
    microseconds = upload.generation if upload.bucket else upload.generation // 1000
    return _START + timedelta(microseconds=min(max(microseconds, 0), _LAST))


@dataclass
class Sample:
    """The same pictures each time, by the digests of their names."""

    a_day: int = A_DAY
    most: int = MOST
    _days: dict[date, list[tuple[int, str, Upload]]] = field(default_factory=lambda: defaultdict(list))
    _number: int = 0

    @classmethod
    def of(cls, pictures: Iterable[Upload], a_day: int) -> Sample:
        """The sample of pictures in any order."""
        sample = cls(a_day)
        for upload in pictures:
            sample.add(upload)
        return sample

    def add(self, upload: Upload) -> None:
        """Take a picture in, or not, or instead of another."""
        day = self._days[moment(upload).date()]
        entry = (-int.from_bytes(digest(upload.name), "big"), upload.name, upload)
        if len(day) >= self.a_day:
            heapq.heappushpop(day, entry)
            return
        heapq.heappush(day, entry)
        self._number += 1
        while self._number > self.most and self.a_day > 1:
            self._halve()

    def __iter__(self) -> Iterator[Upload]:
        """By day, and in a day by name."""
        for _, entries in sorted(self._days.items()):
            yield from (upload for _, _, upload in sorted(entries, key=itemgetter(1)))

    def __len__(self) -> int:
        return self._number

    def _halve(self) -> None:
        self.a_day //= 2
        for entries in self._days.values():
            while len(entries) > self.a_day:
                heapq.heappop(entries)
        self._number = sum(map(len, self._days.values()))
