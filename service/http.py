"""HTTP requests in, answers out: the `classify` function."""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import flask
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from predictor import BadImage, Classifier
from service import body, documents
from service.errors import RequestError, as_document, status_of
from service.settings import BadSetting

_PAGE = Path(__file__).with_name("page.html")

_COUNT = re.compile("[1-9][0-9]{0,17}")  # int() refuses numbers of thousands of digits

_log = logging.getLogger(__name__)

Load = Callable[[], Classifier]
"""Gives the model, which is loaded when it is first asked for."""


def answer(request: flask.Request, get_classifier: Load) -> flask.Response:
    """The response to any request; what the client did wrong is said in Google's error shape."""
    try:
        handler, arguments = _ROUTES.bind_to_environ(request.environ).match()
        response: flask.Response = handler(request, partial(_loaded, get_classifier), **arguments)
        return response
    except RequestError as error:
        return _error(request, error.status, error.message)
    except BadImage as error:
        return _error(request, status_of(error), error.reason)
    except MethodNotAllowed as error:
        allowed = ", ".join(sorted(error.valid_methods or ()))
        response = _error(request, 405, f"{request.method} is not possible here; possible: {allowed}.")
        response.headers["Allow"] = allowed
        return response
    except NotFound:
        return _error(request, 404, f"There is nothing at {request.path}.")
    except Exception:
        _log.exception("%s %s failed", request.method, request.path)
        return _error(request, 500, "Something went wrong here; the log says what.")


def _loaded(get_classifier: Load) -> Classifier:
    try:
        return get_classifier()
    except BadSetting as error:
        _log.error("%s", error)
        raise RequestError(503, f"The setting {error.name} is missing or wrong; the log says more.") from error
    except Exception as error:
        _log.exception("the model could not be loaded")
        raise RequestError(503, "The model could not be loaded; the log says why.") from error


def _describe(request: flask.Request, load: Load) -> flask.Response:
    """The page for a browser, without waiting for the model; the model's description for everyone else."""
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        return flask.Response(_page(), mimetype="text/html", headers={"Vary": "Accept"})
    classifier = load()
    info = classifier.info
    description = documents.model(classifier) | {
        "labels": info.labels,
        "activation": info.activation,
        "preprocessing": info.preprocessing,
        "parity": asdict(info.parity) if info.parity else None,
        "drawing": info.drawing,
        "limits": asdict(classifier.limits),
    }
    return _json(description, headers={"Vary": "Accept"})


def _health(request: flask.Request, load: Load) -> flask.Response:
    load()
    return _json({"status": "ok"})


def _classify(request: flask.Request, load: Load) -> flask.Response:
    classifier = load()
    data = body.read(request, classifier.limits.max_bytes)
    if request.is_json:
        return _json(_answer_instances(data, classifier))
    chosen = _Chosen.by(request)
    model = documents.model(classifier)
    if request.mimetype != "multipart/form-data":
        return _json(chosen.predictions(data, classifier) | model)
    files = body.form_files(request, data)
    if len(files) == 1:
        return _json(chosen.predictions(files[0].data, classifier) | model)
    results = [{"file": file.name} | chosen.predictions_or_error(file.data, classifier) for file in files]
    return _json({"results": results} | model)


def _predict(request: flask.Request, load: Load, name: str) -> flask.Response:
    """TensorFlow Serving's route, as the AutoML Edge container has it."""
    classifier = load()
    if name not in ("default", classifier.info.name):
        raise RequestError(404, f"There is no model {name!r} here; there is 'default'.")
    return _json(_answer_instances(body.read(request, classifier.limits.max_bytes), classifier))


def _answer_instances(data: bytes, classifier: Classifier) -> dict[str, Any]:
    """AutoML Edge's answer: all labels in the model's own order, and each instance's key."""
    predictions = []
    for index, instance in enumerate(body.instances(data)):
        try:
            scores = classifier.scores(classifier.decode(instance.data))
        except BadImage as error:
            raise RequestError(status_of(error), f"instances[{index}]: {error.reason}") from error
        prediction: dict[str, Any] = {"labels": classifier.info.labels, "scores": scores.tolist()}
        predictions.append(prediction if instance.key is None else prediction | {"key": instance.key})
    return {"predictions": predictions}


@dataclass(frozen=True)
class _Chosen:
    """Which predictions a request wants: the query's `top_k` and `min_score`."""

    top_k: int | None
    min_score: float

    @classmethod
    def by(cls, request: flask.Request) -> _Chosen:
        top_k, min_score = request.args.get("top_k"), request.args.get("min_score", "0")
        if top_k is not None and not _COUNT.fullmatch(top_k):
            raise RequestError(400, f"top_k is {top_k!r}, not a whole number above zero.")
        chosen = cls(int(top_k) if top_k else None, _number(min_score))
        if math.isnan(chosen.min_score):
            raise RequestError(400, f"min_score is {min_score!r}, not a number.")
        return chosen

    def predictions(self, data: bytes, classifier: Classifier) -> dict[str, Any]:
        return documents.predictions(classifier.classify(data, self.top_k, self.min_score))

    def predictions_or_error(self, data: bytes, classifier: Classifier) -> dict[str, Any]:
        try:
            return self.predictions(data, classifier)
        except BadImage as error:
            return as_document(status_of(error), error.reason)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _error(request: flask.Request, status: int, message: str) -> flask.Response:
    """TensorFlow Serving has an error shape of its own, on its own routes."""
    is_serving = request.path.startswith(_SERVING)
    return _json({"error": message} if is_serving else as_document(status, message), status)


def _json(document: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> flask.Response:
    # A request may hold half a surrogate pair, which UTF-8 cannot; a backslash escape is JSON's own way to write it.
    text = json.dumps(document, ensure_ascii=False).encode(errors="backslashreplace")
    return flask.Response(text, status, headers, mimetype="application/json")


@cache
def _page() -> str:
    return _PAGE.read_text(encoding="utf-8")


_SERVING = "/v1/models/"
_ROUTES = Map(
    [
        Rule("/", methods=["GET"], endpoint=_describe),
        Rule("/", methods=["POST"], endpoint=_classify),
        Rule("/health", methods=["GET"], endpoint=_health),
        Rule(f"{_SERVING}<name>:predict", methods=["POST"], endpoint=_predict),
    ]
)
