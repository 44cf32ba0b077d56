"""What there is, and what of it is to be labelled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from backfill.job import Job
from backfill.place import place_for
from service import results, selection
from service.location import Location
from service.results import Mark
from service.upload import Upload

CHUNK = 1000  # objects whose results are looked up together; what Cloud Storage lists at a time
HAS_RESULT = "it has its result"
HAS_OTHERS = "another model labelled it; --relabel replaces that"
HAS_NEWER = "there is a result for a newer generation"

T = TypeVar("T")


@dataclass(frozen=True)
class Page:
    """A span of names, from `start` on and before `end` unless that is empty, with so many pictures to be labelled."""

    start: str = ""
    end: str = ""
    pictures: int = 0


def survey(job: Job, page: Page = Page()) -> Iterator[tuple[Upload, str | None]]:
    """Each object that is asked for, by name, with the reason to leave it alone; None for one to label.

    No more than CHUNK are held at a time.
    """
    pattern = job.pictures
    place = place_for(Location(pattern.bucket, ""))
    found = place.list_objects(pattern.bucket, pattern.prefix, page.start, page.end, job.timeout)
    asked = (upload for upload in found if pattern.matches(upload.name))
    for some in _chunks(asked, CHUNK):
        marks = _marks(job, some) if job.output == "objects" else {}
        for upload in some:
            yield upload, _reason_against(job, upload, marks.get(results.place(job.results, upload, ".json")))


def _reason_against(job: Job, upload: Upload, present: Mark | None) -> str | None:
    reason = selection.reason_against(upload.bucket, upload.name, upload.metadata, job.settings)
    if reason or present is None:
        return reason
    if present.generation > upload.generation:
        return HAS_NEWER
    mark = Mark(upload.generation, is_final=True, model=job.info.version, relabels=job.relabels)
    if mark.replaces(present):
        return None
    return HAS_RESULT if present.model == job.info.version else HAS_OTHERS


def _marks(job: Job, uploads: Iterable[Upload]) -> dict[Location, Mark]:
    places = {results.place(job.results, upload, ".json") for upload in uploads}
    return place_for(job.results).marks(job.results, places, job.timeout)


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    items = iter(items)
    while chunk := list(islice(items, size)):
        yield chunk
