"""The results that are there already."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from backfill.job import Job
from backfill.objects.object_store import object_store_for
from backfill.pipeline.finished import Finished
from results import stored
from results.outcome import Outcome
from storage.location import Location
from storage.result_version import FileSource, ResultVersion
from storage.upload import Upload

HAS_RESULT = "it has its result"
HAS_OTHERS = "another model labelled it; --relabel replaces that"
HAS_NEWER = "there is a result for a newer generation"
TAKEN = "The result of another file is at its place; give each input folder a place of its own for --results"


class ExistingResults:
    """The results that exist already of some objects, whose names follow each other."""

    def __init__(self, job: Job, uploads: Sequence[Upload]) -> None:
        self._job = job
        self._result_versions = _result_versions(job, (_place(job, upload) for upload in uploads))
        if job.folder:
            self._result_versions |= _result_versions(
                job, (_old_place(job, one) for one in uploads if _place(job, one) not in self._result_versions)
            )

    def unless_done(self, upload: Upload) -> Upload | Finished:
        """The object, if it is to be labelled; else what it is Finished by."""
        there = self._result_versions.get(_place(self._job, upload))
        info = self._job.info
        mine = ResultVersion(upload.generation, True, info.version, self._job.relabels, FileSource.of(upload))
        if there and _is_of_another(mine, there):
            return Finished(upload.location, Outcome.RETRIED, TAKEN)
        reason = _reason_against(mine, there or self._result_versions.get(_old_place(self._job, upload)))
        return Finished(upload.location, Outcome.IGNORED, reason) if reason else upload


def _place(job: Job, upload: Upload) -> Location:
    return stored.location(job.results, upload, ".json", job.folder)


def _old_place(job: Job, upload: Upload) -> Location:
    """Where results of files were before: with the whole path in the name."""
    return stored.location(job.results, upload, ".json")


def _result_versions(job: Job, places: Iterable[Location]) -> dict[Location, ResultVersion]:
    wanted = set(places)
    return object_store_for(job.results).result_versions(job.results, wanted, job.timeout) if wanted else {}


def _reason_against(mine: ResultVersion, there: ResultVersion | None) -> str | None:
    if there is None or mine.replaces(there):
        return None
    if not mine.has_source_of(there):
        return HAS_NEWER
    return HAS_RESULT if there.model == mine.model else HAS_OTHERS


def _is_of_another(mine: ResultVersion, there: ResultVersion) -> bool:
    """Whether a result is of another file, which is still there too, or of an object where mine is of a file."""
    if mine.has_source_of(there) or not there.is_ours:
        return False
    if not mine.file or not there.file:
        return mine.file != there.file
    return there.file.path not in ("", mine.file.path) and os.path.exists(f"/{there.file.path}")
