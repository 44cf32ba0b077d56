"""From a request to its response: find the route, let it answer, turn what went wrong into the protocol's error."""

from __future__ import annotations

import logging

import flask
from werkzeug.exceptions import MethodNotAllowed, NotFound

from predictor import BadImage
from results.errors import RequestError, status_of
from service.http import access_log, body, compression, responses, routes
from service.http.context import RequestContext, Resources
from service.http.turn import LITTLE
from settings import BadSetting, HttpSettings

SECONDS_TO_RETRY = 5

_log = logging.getLogger(__name__)


def answer(request: flask.Request, resources: Resources) -> flask.Response:
    """The response to any request; what the client did wrong is said in the shape of the protocol that it speaks."""
    context = RequestContext(request, resources)
    try:
        response = _finished(context, resources)
    except BaseException:
        context.turn.end()
        raise
    if (response.content_length or 0) > LITTLE:
        response.call_on_close(context.turn.end)
    else:
        context.turn.end()
    return body.finish(request, response)


def _finished(context: RequestContext, resources: Resources) -> flask.Response:
    """The response with all its headers, and the log's line about it."""
    try:
        settings = resources.settings()
    except BadSetting as error:
        _log.error("%s", error)
        response = _failed(context, 503, "The function is not set up as it should be; the log says more.")
    else:
        response = _response(context, settings)
        responses.share(response, context.request, settings.cors_origins)
    responses.secure(response)
    access_log.record(context, response)
    return response


def _response(context: RequestContext, settings: HttpSettings) -> flask.Response:
    try:
        route, arguments = routes.find(context.request, settings)
        context.error = route.error
        compression.encoding_of(context.request)  # or a route that reads no body would take one that is not understood
        return route.handler(context, **arguments)
    except RequestError as error:
        return _failed(context, error.status, error.message)
    except BadImage as error:
        return _failed(context, status_of(error), error.reason)
    except MethodNotAllowed as error:
        return _not_allowed(context, settings, sorted(error.valid_methods or ()))
    except MemoryError:
        _log.exception("%s %s: not enough memory", context.request.method, context.path)
        return _failed(context, 503, "There is not enough memory for this now.")
    except NotFound:
        context.error = routes.error_shape(context.request.path)
        return _failed(context, 404, f"There is nothing at {context.path}.")
    except Exception:
        _log.exception("%s %s failed", context.request.method, context.path)
        return _failed(context, 500, "Something went wrong here; the log says what.")


def _failed(context: RequestContext, status: int, message: str) -> flask.Response:
    response = responses.json_response(context.error(status, message), status)
    if status == 503:
        response.headers["Retry-After"] = str(SECONDS_TO_RETRY)
    return response


def _not_allowed(context: RequestContext, settings: HttpSettings, allowed: list[str]) -> flask.Response:
    """A 405 that lists what is possible; or the answer to a browser that asks before it sends from another site."""
    if context.request.method == "OPTIONS" and settings.cors_origins:
        return responses.preflight(allowed)
    context.error = routes.error_shape(context.request.path)
    method = context.request.method[:20]
    response = _failed(context, 405, f"{method} is not possible here; possible: {', '.join(allowed)}.")
    response.headers["Allow"] = ", ".join(allowed)
    return response
