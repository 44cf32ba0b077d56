"""Cloud Storage as a place for pictures and results."""

from __future__ import annotations

from operator import attrgetter

from results import stored
from storage.client import Storage
from storage.location import Location
from storage.result_version import ResultVersion
from storage.upload import Upload

_name = attrgetter("name")


class BucketStore(Storage):
    """The upload function's storage, with a look at many results at a time."""

    def result_versions(
        self, prefix: Location, locations: set[Location], timeout: float
    ) -> dict[Location, ResultVersion]:
        """The versions of the results at the locations, below the prefix, of objects whose names follow each other.

        The places follow each other too, but for their suffix (a.json comes after a-b.json) and for long names: what
        lies between them is listed, which takes one call where looking at each takes a thousand.
        """
        long_names = prefix.child(stored.LONG_NAMES)
        together = [location for location in locations if not long_names.holds(location.bucket, location.name)]
        spans = [(min(together, key=_name).name, max(together, key=_name).name)] if together else []
        spans += [(location.name, location.name) for location in locations.difference(together)]
        found = (
            upload
            for first, last in spans
            for upload in self.list_objects(prefix.bucket, prefix.below, first, f"{last}\0", timeout)
        )
        return {upload.location: ResultVersion.of(upload.metadata) for upload in found if upload.location in locations}

    def is_current(self, upload: Upload) -> bool:
        """It may: generations are in order, and a result of an older one is not stored over that of a newer one."""
        return True
