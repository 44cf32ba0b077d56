"""Results as lines of a few files, in the form of Vertex AI's batch prediction."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import apache_beam as beam
from apache_beam.io import WriteToText
from apache_beam.pvalue import TaggedOutput
from google.rpc.code_pb2 import Code

from backfill.job import ERRORS, PREDICTIONS, Job
from backfill.pipeline.failure import Failure
from backfill.pipeline.finished import Finished
from backfill.pipeline.storing import Classified
from backfill.runners.journal import FINISHED, notes
from predictor import ANY_SCORE, best
from results import documents
from results.errors import STATUS_NAMES
from results.outcome import Outcome
from storage.upload import Upload

ANSWERED = {PREDICTIONS: ".jsonl", ERRORS: ".jsonl"}
"""The kinds of lines, and how the names of their files end."""
UNANSWERED = {ERRORS: "-internal.jsonl"}
"""The same of errors that no picture explains: to put these among the others, all lines would have to be kept."""


class WriteLines(beam.PTransform):  # type: ignore[misc] # Beam has no types
    """Writes `predictions-00000-of-0000N.jsonl` and `errors-…`, moved to that place when all of them are complete.

    Lines are written as they come; what is kept is the names of files. Files that would be empty are not written.
    """

    def __init__(self, job: Job, files: Mapping[str, str]) -> None:
        super().__init__()
        self._job = job
        self._files = files

    def expand(self, classified: beam.PCollection) -> beam.PCollection:
        """The outcome of an answer."""
        found = classified | "Lines" >> beam.ParDo(Lines(self._job)).with_outputs(PREDICTIONS, ERRORS, main="finished")
        for kind, suffix in self._files.items():
            prefix = str(self._job.results.child(kind))
            found[kind] | f"Write {kind}" >> WriteToText(prefix, suffix, skip_if_empty=True)
        return found["finished"]


class Lines(beam.DoFn):  # type: ignore[misc] # Beam has no types
    """Turns each answer into a line."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def process(self, classified: Classified) -> Iterator[Finished | TaggedOutput]:
        """The outcome, and its line as PREDICTIONS or ERRORS."""
        upload, answer, thumbnail = classified
        instance = {"content": str(upload.location)} | _mime_type(upload)
        if isinstance(answer, Failure):
            yield TaggedOutput(ERRORS, _line({"instance": instance, "error": _error(answer)}))
            finished = Finished(upload.location, answer.outcome, answer.reason)
        else:
            job = self._job
            least = ANY_SCORE if job.min_score is None else job.min_score
            classes = best(answer, job.top_k or documents.DEFAULT_PREDICTIONS, least)
            prediction = documents.vertex_prediction(answer, job.info.labels, classes)
            yield TaggedOutput(PREDICTIONS, _line({"instance": instance, "prediction": prediction}))
            finished = Finished.labelled(upload.location, Outcome.LABELLED, answer, job.info, job.min_score, thumbnail)
        notes(self._job.journal)(FINISHED[finished.outcome])
        yield finished


def _mime_type(upload: Upload) -> dict[str, str]:
    return {"mimeType": upload.content_type} if upload.content_type else {}


def _error(failure: Failure) -> dict[str, Any]:
    """A google.rpc.Status; what is gone by now is NOT_FOUND."""
    status = 404 if failure.outcome is Outcome.SUPERSEDED else failure.code
    return {"code": Code.Value(STATUS_NAMES[status]), "message": failure.reason}


def _line(document: dict[str, Any]) -> str:
    return json.dumps(document)  # in ASCII: names of files may hold what is not Unicode
