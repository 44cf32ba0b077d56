"""The classifier as Beam's RunInference asks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from apache_beam.ml.inference.base import ModelHandler, PredictionResult

from backfill.job import Job
from backfill.pipeline.failure import Failure
from backfill.pipeline.reading import Picture
from backfill.runners.workers import fetch
from predictor import BadImage, BadModel, Classifier, Scores

Answer = Scores | Failure
"""The score of every class, or why there are none."""


class ClassifierHandler(ModelHandler[Picture, PredictionResult, Classifier]):  # type: ignore[misc] # Beam has no types
    """Loads the model once a process, for all its threads; answers for one picture at a time, as the functions do."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job

    def load_model(self) -> Classifier:
        """The classifier; BadModel when it is not the one that the job is about."""
        job = self._job
        classifier = Classifier.load(fetch(job), job.limits)
        if classifier.info.version != job.info.version:
            raise BadModel(job.model, f"it is version {classifier.info.version} now, and was {job.info.version}")
        return classifier

    def run_inference(
        self, batch: Sequence[Picture], model: Classifier, inference_args: Mapping[str, Any] | None = None
    ) -> list[PredictionResult]:
        """The answer for each picture; what is no picture is an answer, other errors are raised."""
        return [PredictionResult(picture, _answer(model, picture)) for picture in batch]

    def get_num_bytes(self, batch: Sequence[Picture]) -> int:
        """Bytes of the pictures, for Beam's metrics: it would pickle them to know."""
        return sum(len(picture) for picture in batch if isinstance(picture, bytes))

    def get_metrics_namespace(self) -> str:
        """Where Beam counts what it measures."""
        return "classifier"


def _answer(classifier: Classifier, picture: Picture) -> Answer:
    if isinstance(picture, Failure):
        return picture
    try:
        return classifier.scores(classifier.decode(picture))
    except BadImage as error:
        return Failure.of(error)
