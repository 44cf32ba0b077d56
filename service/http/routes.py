"""All routes, those of every protocol."""

from __future__ import annotations

from functools import cache, partial
from typing import Any, Protocol

import flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter, Map, Rule

from results.errors import as_document, as_sentence
from service.http.context import ErrorShape
from service.http.protocols import native, open_inference, tensorflow_serving
from service.http.route import Route
from settings import HttpSettings


class WithPaths(Protocol):
    """A module of a protocol that has paths of its own."""

    START: str
    """How its paths begin."""

    def routes(self) -> list[Route]:
        """All of them."""


PROTOCOLS: tuple[WithPaths, ...] = (tensorflow_serving, open_inference, native)
"""Those with paths of their own, by how these begin; all others begin as the last one's do."""


class _Part(BaseConverter):
    """A name in a path, which a verb may follow."""

    regex = "[^/:]+"


def find(request: flask.Request, settings: HttpSettings) -> tuple[Route, dict[str, Any]]:
    """The route of a request and what its path names; raises Werkzeug's NotFound and MethodNotAllowed."""
    routes = table(_protocol(request.path).START, settings).bind("localhost")
    endpoint, arguments = routes.match(request.path, request.method)
    return endpoint, dict(arguments)


def error_shape(path: str) -> ErrorShape:
    """How errors are said where there is no route: as the protocol says them that has routes beside it."""
    return as_sentence if _protocol(path).START else as_document


@cache
def table(start: str, settings: HttpSettings) -> Map:
    """The routes whose paths begin so, also of those that Vertex AI gives to a container, which may begin in any way.

    Werkzeug takes half a millisecond for a route: a first request waits only for those that it may mean.
    """
    rules = map(_rule, _protocol(start).routes())
    found = Map(list(rules), merge_slashes=False, converters={"part": _Part})
    for asked in (
        Route("GET", settings.health_route or "", native.health),
        Route("POST", settings.predict_route or "", native.classify),
    ):
        if asked.path and start == _protocol(asked.path).START:
            _add_container(found, asked)
    return found


def _add_container(routes: Map, asked: Route) -> None:
    """Add what Vertex AI asks of a custom container; at a path that another protocol has, that protocol stays.

    A name in such a path is the model's, whatever the model itself is called.
    """
    try:
        route, arguments = routes.bind("localhost").match(asked.path, asked.method)
    except HTTPException:
        routes.add(_rule(asked))
        return
    if "name" in arguments:
        routes.add(_rule(route._replace(path=asked.path, handler=partial(route.handler, name="default"))))


def _protocol(path: str) -> WithPaths:
    return next(protocol for protocol in PROTOCOLS if path.startswith(protocol.START))


def _rule(route: Route) -> Rule:
    return Rule(route.path, methods=[route.method], endpoint=route)
