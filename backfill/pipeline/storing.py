"""From answers to stored results."""

from __future__ import annotations

from collections.abc import Iterator

from backfill.job import Job
from backfill.objects.object_store import object_store_for
from backfill.pipeline.concurrent import Concurrently
from backfill.pipeline.failure import Failure
from backfill.pipeline.finished import Finished
from backfill.pipeline.inference import Answer
from backfill.runners.journal import FINISHED, notes
from results import predicted_labels
from results.outcome import STORED, Outcome
from results.recorder import Recorder
from storage.calls import ObjectNotFound
from storage.deadline import Deadline
from storage.upload import Upload

Classified = tuple[Upload, Answer, bytes]
"""An object, what was found out, and its thumbnail."""


class Store(Concurrently[Classified, Finished]):
    """Stores results as the upload function does."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def setup(self) -> None:
        """Beam calls it once for each copy."""
        super().setup()
        job = self._job
        self._recorder = Recorder(object_store_for(job.results), job.results, job.info, job.relabels, job.folder)

    def process(self, classified: Classified) -> Iterator[Finished]:
        """Beam's call for each picture."""
        yield from self.start(classified)

    def work(self, item: Classified) -> Finished:
        """Store one result."""
        finished = self._store(item)
        notes(self._job.journal)(FINISHED[finished.outcome])
        return finished

    def _store(self, item: Classified) -> Finished:
        upload, answer, thumbnail = item
        deadline = Deadline.after(self._job.timeout)
        try:
            if not object_store_for(upload.location).is_current(upload):
                answer = Failure.of(ObjectNotFound(upload.location))
            if isinstance(answer, Failure):
                return self._record(upload, answer, deadline)
            job = self._job
            found = predicted_labels.best(answer, job.info, job.top_k, job.min_score)
            outcome = self._recorder.labels(upload, found, deadline)
            return Finished.labelled(upload.location, outcome, answer, job.info, job.min_score, thumbnail)
        except Exception as error:  # is told at the end; the next run tries again
            reason = f"Its result could not be stored: {str(error) or type(error).__name__}"
            return Finished(upload.location, Outcome.RETRIED, reason)

    def _record(self, upload: Upload, failure: Failure, deadline: Deadline) -> Finished:
        outcome = failure.outcome
        if outcome in STORED:
            outcome = self._recorder.error(upload, outcome, failure.code, failure.reason, deadline)
        return Finished(upload.location, outcome, failure.reason)
