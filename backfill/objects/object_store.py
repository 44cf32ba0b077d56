"""Where pictures are and results go: Cloud Storage, or folders of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Protocol

from backfill.pipeline.finished import Finished
from predictor import Limits
from results.recorder import Results
from storage.deadline import Deadline
from storage.location import Location
from storage.result_version import ResultVersion
from storage.upload import Upload

if TYPE_CHECKING:
    from backfill.objects.bucket_store import BucketStore

AT_ONCE = 8  # objects that one worker reads, and results that it stores, at a time
PAGE = 50  # pictures that one worker takes at a time


class ObjectStore(Results, Protocol):
    """The interface of Cloud Storage (bucket_store.py) and of this machine's files (folder_store.py)."""

    def list_objects(
        self, bucket: str, prefix: str, start: str, end: str, timeout: float
    ) -> Iterator[Upload | Finished]:
        """Those whose names begin with the prefix, by name: from `start` on, and before `end` unless it is empty.

        What can be no picture, or cannot be looked at, is Finished by that and stops no other.
        """

    def result_versions(
        self, prefix: Location, locations: set[Location], timeout: float
    ) -> dict[Location, ResultVersion]:
        """The versions of the results at the locations, below the prefix, of objects whose names follow each other."""

    def is_current(self, upload: Upload) -> bool:
        """Whether a result may still be stored, as far as that does not show at the result's place."""

    def read(self, source: Location, generation: int, limits: Limits, deadline: Deadline) -> bytes:
        """Its bytes in exactly that generation; raises ObjectNotFound, and BadImage for what cannot be unpacked."""


def object_store_for(location: Location) -> ObjectStore:
    """The place that keeps a location; one of each kind a process."""
    return cloud_storage() if location.bucket else _folders()


@cache
def cloud_storage() -> BucketStore:
    """Cloud Storage, with one client a process."""
    from backfill.objects.bucket_store import BucketStore  # folders do without it

    return BucketStore()


@cache
def _folders() -> ObjectStore:
    from backfill.objects.folder_store import FolderStore

    return FolderStore()
