"""From a bucket or folder to the bytes of the pictures in it that are to be labelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from backfill.job import Job
from backfill.objects.object_store import PAGE, object_store_for
from backfill.pipeline.concurrent import Concurrently
from backfill.pipeline.failure import Failure
from backfill.pipeline.finished import Finished
from backfill.pipeline.page import ListingPage, digest
from backfill.pipeline.survey import survey
from backfill.runners.journal import ALL_LISTED, FINISHED, LEFT_ALONE, TO_DO, notes
from results.outcome import Outcome
from storage.deadline import Deadline
from storage.location import Location
from storage.upload import Upload

SKIPPED = "skipped"
"""The output for what is Finished before it is read."""
VANISHED = "it was deleted since it was listed"

Picture = bytes | Failure
"""The bytes of an image file, or why there are none."""


class List(beam.DoFn):  # type: ignore[misc] # Beam has no types
    """Emits the pages that hold what is to be labelled, so that the names of millions are never held together."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def process(self, whole: ListingPage) -> Iterator[ListingPage | TaggedOutput]:
        """The pages, and as SKIPPED each object that is left alone, or that cannot even be looked at."""
        note = notes(self._job.journal)
        names: list[str] = []
        total = 0
        for found in survey(self._job, whole):
            if isinstance(found, Finished):
                is_left = found.outcome is Outcome.IGNORED
                note(LEFT_ALONE if is_left else TO_DO + FINISHED[found.outcome])
                yield TaggedOutput(SKIPPED, found)
                continue
            note(TO_DO)
            names.append(found.name)
            total += 1
            if len(names) == PAGE or total == self._job.limit:
                yield ListingPage.of(names)
                names = []
            if total == self._job.limit:
                break
        if names:
            yield ListingPage.of(names)
        note(ALL_LISTED)


class Read(Concurrently[Upload, tuple[Upload, Picture]]):
    """Reads the pictures of a page that still have no result."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def process(self, page: ListingPage) -> Iterator[tuple[Upload, Picture] | TaggedOutput]:
        """Beam's call for each page; all that the page is about is given out, here or as SKIPPED, and nothing else.

        What is new between the page's names is for another run: it is neither in the counts nor in the job's limit.
        """
        left = Counter(page.digests)
        missing = Finished(Location(self._job.pictures.bucket, page.start), Outcome.SUPERSEDED, VANISHED)
        for found in survey(self._job, page):
            name = digest(found.name if isinstance(found, Upload) else found.source.name)
            if isinstance(found, Finished) and found.is_folder:  # in which they may be
                missing = found
            if not left[name]:
                continue
            left[name] -= 1
            if isinstance(found, Upload):
                yield from self.start(found)
            else:
                yield self._skipped(found)
        yield from (self._skipped(missing) for _ in left.elements())

    def work(self, item: Upload) -> tuple[Upload, Picture]:
        """Read one picture."""
        job = self._job
        try:
            job.limits.check_bytes(item.size)
            store = object_store_for(item.location)
            return item, store.read(item.location, item.generation, job.limits, Deadline.after(job.timeout))
        except Exception as error:  # all of it is recorded: one picture must not stop the others
            return item, Failure.of(error)

    def _skipped(self, finished: Finished) -> TaggedOutput:
        notes(self._job.journal)(FINISHED[finished.outcome])
        return TaggedOutput(SKIPPED, finished)
