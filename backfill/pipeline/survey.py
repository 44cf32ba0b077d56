"""The survey of objects, and which of them are to be labelled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TypeVar

from backfill.job import Job
from backfill.objects.object_store import object_store_for
from backfill.pipeline.existing_results import ExistingResults
from backfill.pipeline.finished import Finished
from backfill.pipeline.page import WHOLE, ListingPage
from results import selection
from results.outcome import Outcome
from storage import globs
from storage.location import Location
from storage.upload import Upload

CHUNK = 1000  # objects whose results are looked up together; what Cloud Storage lists at a time
NO_UNICODE = "Its name is not Unicode, so that no result can be named after it; rename it"

T = TypeVar("T")


def survey(job: Job, page: ListingPage = WHOLE) -> Iterator[Upload | Finished]:
    """Each object that is asked for, by name: an Upload is to be labelled; what is Finished is left alone or failed.

    No more than CHUNK are held at a time.
    """
    pattern = job.pictures
    store = object_store_for(Location(pattern.bucket, ""))
    found = store.list_objects(pattern.bucket, pattern.prefix, page.start, page.end, job.timeout)
    asked = (one for one in found if is_asked(job, one))
    for some in _chunks(asked, CHUNK):
        selected = [_selected(job, one) for one in some]
        if job.output == "jsonl":
            yield from selected
            continue
        nameable = [_nameable(one) if isinstance(one, Upload) else one for one in selected]
        present = ExistingResults(job, [one for one in nameable if isinstance(one, Upload)])
        yield from (present.unless_done(one) if isinstance(one, Upload) else one for one in nameable)


def is_asked(job: Job, found: Upload | Finished) -> bool:
    """Whether the job is about it, or may be about what is in a folder that cannot be listed."""
    if isinstance(found, Upload):
        return job.pictures.matches(found.name)
    name = found.source.name
    if found.is_folder:
        return job.pictures.reaches_below(name) and not globs.matches(name, job.exclude)
    return job.pictures.matches(name)


def _selected(job: Job, found: Upload | Finished) -> Upload | Finished:
    """The same, unless the job leaves it alone."""
    if isinstance(found, Upload):
        return _left_out(job, found.location, found.metadata) or found
    return found if found.is_folder else _left_out(job, found.source, {}) or found


def _left_out(job: Job, source: Location, metadata: Mapping[str, str]) -> Finished | None:
    reason = selection.reason_against(source.bucket, source.name, metadata, job.settings)
    return Finished(source, Outcome.IGNORED, reason) if reason else None


def _nameable(upload: Upload) -> Upload | Finished:
    """The same, if a result can have its name."""
    try:
        upload.name.encode()
    except UnicodeEncodeError:
        return Finished(upload.location, Outcome.RETRIED, NO_UNICODE)
    return upload


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    items = iter(items)
    while chunk := list(islice(items, size)):
        yield chunk
