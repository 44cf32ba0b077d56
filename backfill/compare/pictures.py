"""The pictures that are compared: those that a backfill would label, whether they have results or not."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass

from backfill.objects.object_store import object_store_for
from backfill.objects.pattern import Pattern
from backfill.pipeline.page import digest
from results import selection
from settings import UploadSettings
from storage.location import Location
from storage.upload import Upload


@dataclass(frozen=True)
class Pictures:
    """A pattern of names, less those that are left out; a sample of at most `limit` of them.

    The sample is the same each time, whatever order names are in: it is drawn by the names' digests.
    """

    pattern: Pattern
    results: Location
    exclude: tuple[str, ...] = ()
    limit: int | None = None
    timeout: float = 60.0

    def __iter__(self) -> Iterator[Upload]:
        if self.limit is None:
            return self._all()
        sample = heapq.nsmallest(self.limit, self._all(), key=lambda upload: digest(upload.name))
        return iter(sorted(sample, key=lambda upload: upload.name))

    def _all(self) -> Iterator[Upload]:
        bucket, settings = self.pattern.bucket, self._settings
        store = object_store_for(Location(bucket, ""))
        for found in store.list_objects(bucket, self.pattern.prefix, "", "", self.timeout):
            if not isinstance(found, Upload) or not self.pattern.matches(found.name):
                continue
            if not selection.reason_against(bucket, found.name, found.metadata, settings):
                yield found

    @property
    def folder(self) -> str:
        """The folder that the results of files leave out of their names."""
        return "" if self.pattern.bucket else self.pattern.folder

    @property
    def _settings(self) -> UploadSettings:
        return UploadSettings(
            results=self.results, bucket=self.pattern.bucket or None, exclude=self.exclude, max_event_age=math.inf
        )
