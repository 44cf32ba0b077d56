"""The pipeline: pages of names → pictures → answers → stored results → a summary."""

from __future__ import annotations

import apache_beam as beam
from apache_beam.ml.inference.base import KeyedModelHandler, ModelHandler, PredictionResult, RunInference

from backfill.job import Job
from backfill.pipeline.failure import Failure
from backfill.pipeline.inference import ClassifierHandler
from backfill.pipeline.jsonl import ANSWERED, UNANSWERED, WriteLines
from backfill.pipeline.page import WHOLE
from backfill.pipeline.reading import SKIPPED, List, Picture, Read
from backfill.pipeline.storing import Classified, Store
from backfill.pipeline.summarise import Summarise
from backfill.pipeline.thumbnails import thumbnail_of
from backfill.report.summary import Summary
from results.outcome import Outcome
from storage.upload import Upload


def build(job: Job, pipeline: beam.Pipeline) -> beam.PCollection:
    """Put the steps into a pipeline; the one element that comes out is a Summary.

    From reading to storing all is one stage without a barrier, so results are stored as they come, and no more
    pictures are held than are being worked on. That is why branches meet only in their summaries: flattened before,
    they would be kept until all are done.
    """
    everything = pipeline | "Start" >> beam.Create([WHOLE])
    listed = everything | "List" >> beam.ParDo(List(job)).with_outputs(SKIPPED, main="pages")
    spread = listed.pages | "Spread" >> beam.Reshuffle()
    read = spread | "Read" >> beam.ParDo(Read(job)).with_outputs(SKIPPED, main="pictures")
    answered, failed = (
        read.pictures
        | "One at a time" >> beam.Map(_alone)
        | "Classify" >> RunInference(_handler(job)).with_exception_handling()
    )
    objects = job.output == "objects"
    store = beam.ParDo(Store(job)) if objects else WriteLines(job, ANSWERED)
    record = beam.ParDo(Store(job)) if objects else WriteLines(job, UNANSWERED)
    stored = answered | "Make ready" >> beam.Map(_classified, job) | "Store" >> store
    recorded = failed.failed_inferences | "Make record" >> beam.Map(_failed) | "Store records" >> record
    summaries = [
        finished | f"Summarise {name}" >> beam.CombineGlobally(Summarise())
        for name, finished in (
            ("skipped", listed[SKIPPED]),
            ("skipped later", read[SKIPPED]),
            ("stored", stored),
            ("recorded", recorded),
        )
    ]
    return summaries | beam.Flatten() | "Summarise" >> beam.CombineGlobally(Summary.merged)


def _handler(job: Job) -> ModelHandler:
    """Without Beam's batches: even one of one picture waits for the next to come, which may be a slow one."""
    return KeyedModelHandler(ClassifierHandler(job)).with_no_batching()


def _alone(read: tuple[Upload, Picture]) -> list[tuple[Upload, Picture]]:
    return [read]


def _classified(answer: tuple[Upload, PredictionResult], job: Job) -> Classified:
    upload, result = answer
    wants_thumbnail = job.thumbnails and not isinstance(result.inference, Failure)
    return upload, result.inference, thumbnail_of(result.example, job) if wants_thumbnail else b""


def _failed(failure: tuple[list[tuple[Upload, Picture]], tuple[type[Exception], str, list[str]]]) -> Classified:
    """An error that no picture explains."""
    [(upload, _)], (kind, text, _) = failure
    if issubclass(kind, MemoryError):
        return upload, Failure.of(MemoryError()), b""
    return upload, Failure(Outcome.FAILED, 500, f"It could not be classified: {text}"), b""
