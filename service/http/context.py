"""One request while it is answered: what it may use, and what was measured."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import flask

from predictor import BadImage, Classifier, Scores, labelled
from results import documents, predicted_labels
from results.errors import RequestError, as_document, status_of
from service.http import body, json_document
from service.http.label_filter import LabelFilter
from service.http.turn import Turn
from settings import BadSetting, HttpSettings
from storage.deadline import STORAGE_SHARE, Deadline

if TYPE_CHECKING:
    from storage.client import Storage

SHOWN = 100  # characters of a path in messages and logs

ErrorShape = Callable[[int, str], dict[str, Any]]
"""The document that says a status and a sentence, as a protocol has it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Resources:
    """The resources that all requests share, each made when it is first asked for."""

    settings: Callable[[], HttpSettings]
    classifier: Callable[[], Classifier]
    storage: Callable[[], Storage]


@dataclass(frozen=True)
class Picture:
    """The log's entry of one classified picture; `label` has its labels, with commas between several."""

    width: int
    height: int
    label: str


@dataclass
class Timings:
    """Times in milliseconds, summed over the pictures of a request."""

    start: float = field(default_factory=time.perf_counter)
    decode: float = 0.0
    inference: float = 0.0
    pictures: list[Picture] = field(default_factory=list)

    def total(self) -> float:
        """Milliseconds since the request came."""
        return milliseconds(time.perf_counter() - self.start)


class RequestContext:
    """One request; `error` is the shape of its errors, which the route sets, or the document that was sent."""

    def __init__(self, request: flask.Request, resources: Resources) -> None:
        self.request = request
        self.resources = resources
        self.error: ErrorShape = as_document
        self.turn = Turn(request.environ)
        self.measured = Timings()

    @property
    def path(self) -> str:
        """The path that was asked for, short enough to repeat it."""
        path = self.request.path
        return path if len(path) <= SHOWN else f"{path[:SHOWN]}…"

    @property
    def settings(self) -> HttpSettings:
        """The settings of the function."""
        return self.resources.settings()

    @cached_property
    def deadline(self) -> Deadline:
        """By when calls of Cloud Storage have to end, those for all pictures of the request together."""
        return Deadline.after(self.settings.timeout * STORAGE_SHARE - self.measured.total() / milliseconds(1))

    def classifier(self) -> Classifier:
        """The model, loaded if it was not; RequestError 503 while that fails."""
        try:
            return self.resources.classifier()
        except BadSetting as error:
            _log.error("%s", error)
            raise RequestError(503, "The function is not set up as it should be; the log says more.") from error
        except Exception as error:
            _log.exception("the model could not be loaded")
            raise RequestError(503, "The model could not be loaded; the log says why.") from error

    def body(self) -> bytes:
        """The whole body, once it is this request's turn; raises RequestError as `body.read` does."""
        data = body.read(self.request, self.classifier().limits.max_bytes, self.turn.take)
        self.turn.take()
        return data

    def document(self) -> dict[str, Any]:
        """The JSON object that is the body; RequestError 400 when it is none, 413 when it holds too many values."""
        return json_document.parse(self.body(), self.settings.max_instances)

    def check_count(self, count: int) -> None:
        """RequestError 413 when a request holds more pictures than MAX_INSTANCES."""
        most = self.settings.max_instances
        if count > most:
            raise RequestError(413, f"The request holds {count:,} pictures; at most {most:,} are accepted.")

    def scores(self, data: bytes) -> Scores:
        """The score of every class for an image file, measured; raises BadImage."""
        classifier = self.classifier()
        start = time.perf_counter()
        pixels = classifier.decode(data)
        decoded = time.perf_counter()
        scores = classifier.scores(pixels)
        self.measured.decode += milliseconds(decoded - start)
        self.measured.inference += milliseconds(time.perf_counter() - decoded)
        height, width, _ = pixels.shape
        labels = predicted_labels.predicted(scores, classifier.info, self.settings.min_score)[
            : predicted_labels.MAX_NAMED
        ]
        self.measured.pictures.append(Picture(width, height, ", ".join(one.label for one in labels)))
        return scores

    def scores_at(self, place: str, data: bytes) -> Scores:
        """The same, where an error of the picture is one of the request, and says which picture it was."""
        try:
            return self.scores(data)
        except BadImage as error:
            raise RequestError(status_of(error), f"{place}: {error.reason}") from error

    def answer(self, data: bytes, label_filter: LabelFilter) -> dict[str, Any]:
        """The chosen labels of an image file by falling score, and what is decided of the best one; raises BadImage."""
        scores, info = self.scores(data), self.classifier().info
        chosen = labelled(scores, info.labels, label_filter.top_k, label_filter.min_score)
        decided = documents.decision(labelled(scores, info.labels, 1), info) if info.decision else {}
        return documents.predictions(chosen) | decided


def milliseconds(seconds: float) -> float:
    """The same time in milliseconds."""
    return 1000 * seconds
