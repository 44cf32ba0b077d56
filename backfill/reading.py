"""From a bucket or folder to the bytes of the pictures in it that are to be labelled."""

from __future__ import annotations

from collections.abc import Iterator

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from backfill.concurrent import Concurrently
from backfill.failure import Failure
from backfill.finished import Finished
from backfill.job import Job
from backfill.journal import ALL_LISTED, LEFT_ALONE, TO_DO, notes
from backfill.place import PAGE, place_for
from backfill.survey import Page, survey
from service.deadline import Deadline
from service.outcome import Outcome
from service.upload import Upload

SKIPPED = "skipped"
"""The output of `List` for what is left alone."""

Picture = bytes | Failure
"""The bytes of an image file, or why there are none."""


class List(beam.DoFn):  # type: ignore[misc] # Beam has no types
    """Emits the pages that hold what is to be labelled, so that the names of millions are never held together."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def process(self, whole: Page) -> Iterator[Page | TaggedOutput]:
        """The pages, and as SKIPPED each object that is left alone."""
        note = notes(self._job.journal)
        names: list[str] = []
        total = 0
        for upload, reason in survey(self._job, whole):
            if reason:
                note(LEFT_ALONE)
                yield TaggedOutput(SKIPPED, Finished(upload.location, Outcome.IGNORED, reason))
                continue
            note(TO_DO)
            names.append(upload.name)
            total += 1
            if len(names) == PAGE or total == self._job.limit:
                yield _page(names)
                names = []
            if total == self._job.limit:
                break
        if names:
            yield _page(names)
        note(ALL_LISTED)


class Read(Concurrently[Upload, tuple[Upload, Picture]]):
    """Reads the pictures of a page that still have no result."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def process(self, page: Page) -> Iterator[tuple[Upload, Picture]]:
        """What Beam calls for each page."""
        for upload, reason in survey(self._job, page):
            if reason is None:
                yield from self.start(upload)

    def work(self, item: Upload) -> tuple[Upload, Picture]:
        """Read one picture."""
        job = self._job
        try:
            job.limits.check_bytes(item.size)
            place = place_for(item.location)
            return item, place.read(item.location, item.generation, job.limits, Deadline.after(job.timeout))
        except Exception as error:  # all of it is recorded: one picture must not stop the others
            return item, Failure.of(error)


def _page(names: list[str]) -> Page:
    return Page(names[0], f"{names[-1]}\0", len(names))
