"""All routes: path, method, who answers, and in which shape errors are said."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter, Map, Rule

from service.errors import as_document, as_sentence
from service.http import native, open_inference, tensorflow_serving
from service.http.job import ErrorShape
from service.settings import HttpSettings


class Route(NamedTuple):
    """Who answers, given the job and what the path names."""

    handler: Callable[..., flask.Response]
    error: ErrorShape


_SERVING = "/v1/models/"
_INFERENCE = "/v2"
_ENDPOINT = "/projects/<project>/locations/<location>/endpoints/<part:endpoint>"
_VERSIONS = ("", "/versions/<part:version>")


class _Part(BaseConverter):
    """A name in a path, which a verb may follow."""

    regex = "[^/:]+"


def find(request: flask.Request, settings: HttpSettings) -> tuple[Route, dict[str, Any]]:
    """The route of a request and what its path names; raises Werkzeug's NotFound and MethodNotAllowed."""
    routes = table(_start(request.path), settings).bind("localhost")
    endpoint, arguments = routes.match(request.path, request.method)
    return endpoint, dict(arguments)


def error_shape(path: str) -> ErrorShape:
    """How errors are said where there is no route: as the protocol says them that has routes beside it."""
    return as_sentence if _start(path) else as_document


@cache
def table(start: str, settings: HttpSettings) -> Map:
    """The routes whose paths begin so, also of those that Vertex AI gives to a container, which may begin in any way.

    Werkzeug takes half a millisecond for a route: a first request waits only for those that it may mean.
    """
    found = Map(STARTS[start](), merge_slashes=False, converters={"part": _Part})
    for method, path, handler in (
        ("GET", settings.health_route, native.health),
        ("POST", settings.predict_route, native.classify),
    ):
        if path and _start(path) == start:
            _add_container(found, method, path, handler)
    return found


def _add_container(routes: Map, method: str, path: str, handler: Callable[..., flask.Response]) -> None:
    """Add what Vertex AI asks of a custom container; at a path that another protocol has, that protocol stays.

    A name in such a path is the model's, whatever the model itself is called.
    """
    try:
        route, arguments = routes.bind("localhost").match(path, method)
    except HTTPException:
        routes.add(_rule(method, path, handler))
        return
    if "name" in arguments:
        routes.add(_rule(method, path, partial(route.handler, name="default"), route.error))


def _start(path: str) -> str:
    return next(start for start in STARTS if path.startswith(start))


def _rule(method: str, path: str, handler: Callable[..., flask.Response], error: ErrorShape = as_document) -> Rule:
    return Rule(path, methods=[method], endpoint=Route(handler, error))


def _own() -> list[Rule]:
    return [
        _rule("GET", "/", native.describe),
        _rule("POST", "/", native.classify),
        _rule("GET", "/health", native.health),
        _rule("GET", "/openapi.json", native.openapi),
        *(rule for version in ("v1", "v1beta1") for rule in _vertex(f"/{version}{_ENDPOINT}")),
    ]


def _vertex(endpoint: str) -> list[Rule]:
    return [
        _rule("POST", f"{endpoint}:predict", native.predict_at_endpoint),
        _rule("POST", f"{endpoint}:rawPredict", native.classify_at_endpoint),
    ]


def _serving() -> list[Rule]:
    return [rule for version in _VERSIONS for rule in _served(f"{_SERVING}<part:name>{version}")]


def _served(model: str) -> list[Rule]:
    return [
        _rule("GET", model, tensorflow_serving.status, as_sentence),
        _rule("GET", f"{model}/metadata", tensorflow_serving.metadata, as_sentence),
        _rule("POST", f"{model}:predict", tensorflow_serving.predict, as_sentence),
        _rule("POST", f"{model}:classify", tensorflow_serving.classify, as_sentence),
    ]


def _inference() -> list[Rule]:
    models = [rule for version in _VERSIONS for rule in _inferred(f"{_INFERENCE}/models/<part:name>{version}")]
    return [
        _rule("GET", _INFERENCE, open_inference.server, as_sentence),
        _rule("GET", f"{_INFERENCE}/health/live", open_inference.live, as_sentence),
        _rule("GET", f"{_INFERENCE}/health/ready", open_inference.ready, as_sentence),
        *models,
    ]


def _inferred(model: str) -> list[Rule]:
    return [
        _rule("GET", model, open_inference.metadata, as_sentence),
        _rule("GET", f"{model}/ready", open_inference.model_ready, as_sentence),
        _rule("POST", f"{model}/infer", open_inference.infer, as_sentence),
    ]


STARTS = {_SERVING: _serving, _INFERENCE: _inference, "": _own}
"""How paths begin, longest first, and the routes that begin so."""
