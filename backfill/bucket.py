"""Cloud Storage as a place for pictures and results."""

from __future__ import annotations

from operator import attrgetter

from service import results
from service.location import Location
from service.result_version import Mark
from service.storage import Storage
from service.upload import Upload

_name = attrgetter("name")


class Buckets(Storage):
    """The upload function's storage, with a look at many results at a time."""

    def marks(self, prefix: Location, places: set[Location], timeout: float) -> dict[Location, Mark]:
        """What is there at the places, below the prefix, of the results of objects whose names follow each other.

        The places follow each other too, but for their suffix (a.json comes after a-b.json) and for long names: what
        lies between them is listed, which takes one call where looking at each takes a thousand.
        """
        long_names = prefix.child(results.LONG_NAMES)
        together = [place for place in places if not long_names.holds(place.bucket, place.name)]
        spans = [(min(together, key=_name).name, max(together, key=_name).name)] if together else []
        spans += [(place.name, place.name) for place in places.difference(together)]
        found = (
            upload
            for first, last in spans
            for upload in self.list_objects(prefix.bucket, prefix.below, first, f"{last}\0", timeout)
        )
        return {upload.location: Mark.of(upload.metadata) for upload in found if upload.location in places}

    def is_current(self, upload: Upload) -> bool:
        """It may: generations are in order, and a result of an older one is not stored over that of a newer one."""
        return True
