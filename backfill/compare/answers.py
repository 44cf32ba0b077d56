"""Where answers come from: a place with stored results, or a model that is asked now."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass, field
from typing import Any, Protocol

from backfill.compare.answer import Answer
from backfill.objects.file import read_json
from backfill.objects.folder_store import MAX_RESULT
from backfill.objects.object_store import cloud_storage, object_store_for
from predictor import Classifier, Limits
from results import stored
from storage.deadline import Deadline
from storage.location import Location
from storage.upload import Upload


class Missing(Exception):
    """There is no answer for a picture; the message says why, as one of a few sentences that can be counted."""


class Answers(Protocol):
    """Gives a picture its answer."""

    def of(self, upload: Upload) -> Answer:
        """The answer; raises Missing, and what the storage raises."""


@dataclass(frozen=True)
class StoredAnswers:
    """The results below a place. folder: what the results of files leave out of their names."""

    results: Location
    folder: str
    timeout: float

    def of(self, upload: Upload) -> Answer:
        """The answer in the result of that generation."""
        document = _document(stored.location(self.results, upload, ".json", self.folder), self.timeout)
        if document is None:
            raise Missing("without a result")
        try:
            if document["source"]["generation"] != str(upload.generation):
                raise Missing("replaced since they were labelled")
            return Answer.of_document(document)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Missing("whose result is not understood") from error


@dataclass(frozen=True)
class ModelAnswers:
    """A model that is asked; as many pictures at a time as there are processors."""

    classifier: Classifier
    min_score: float | None
    timeout: float
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(os.cpu_count() or 1))

    def of(self, upload: Upload) -> Answer:
        """The answer of the model."""
        limits = self.classifier.limits
        if upload.size > limits.max_bytes:
            return Answer("", 0.0, f"{self.classifier.info.name} {self.classifier.info.version}", 413)
        store = object_store_for(upload.location)
        data = store.read(upload.location, upload.generation, limits, Deadline.after(self.timeout))
        with self.turn:
            return Answer.of_model(self.classifier, data, self.min_score)


@dataclass(frozen=True)
class EitherAnswers:
    """Those of the first, and of the second where the first has none."""

    first: Answers
    second: Answers

    def of(self, upload: Upload) -> Answer:
        """The answer."""
        try:
            return self.first.of(upload)
        except Missing:
            return self.second.of(upload)


def _document(location: Location, timeout: float) -> Any:
    """A stored document; None where there is none. ValueError where it is no JSON."""
    if not location.bucket:
        try:
            return read_json(str(location), MAX_RESULT)
        except FileNotFoundError:
            return None
    deadline = Deadline.after(timeout)
    newest = cloud_storage().newest(location, deadline)
    if newest is None:
        return None
    return json.loads(cloud_storage().read(location, newest.generation, Limits(max_bytes=MAX_RESULT), deadline))
