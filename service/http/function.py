"""From a request to its response: find the route, let it answer, turn what went wrong into the protocol's error."""

from __future__ import annotations

import logging

import flask
from werkzeug.exceptions import MethodNotAllowed, NotFound

from predictor import BadImage
from service.errors import RequestError, status_of
from service.http import access, body, compression, responses, routes
from service.http.job import Job, Resources
from service.http.turn import LITTLE
from service.settings import BadSetting, HttpSettings

SECONDS_TO_RETRY = 5

_log = logging.getLogger(__name__)


def answer(request: flask.Request, resources: Resources) -> flask.Response:
    """The response to any request; what the client did wrong is said in the shape of the protocol that it speaks."""
    job = Job(request, resources)
    try:
        response = _finished(job, resources)
    except BaseException:
        job.turn.end()
        raise
    if (response.content_length or 0) > LITTLE:
        response.call_on_close(job.turn.end)
    else:
        job.turn.end()
    return body.finish(request, response)


def _finished(job: Job, resources: Resources) -> flask.Response:
    """The response with all its headers, and the log's line about it."""
    try:
        settings = resources.settings()
    except BadSetting as error:
        _log.error("%s", error)
        response = _failed(job, 503, "The function is not set up as it should be; the log says more.")
    else:
        response = _response(job, settings)
        responses.share(response, job.request, settings.cors_origins)
    responses.secure(response)
    access.record(job, response)
    return response


def _response(job: Job, settings: HttpSettings) -> flask.Response:
    try:
        route, arguments = routes.find(job.request, settings)
        job.error = route.error
        compression.encoding_of(job.request)  # or a route that reads no body would take one that is not understood
        return route.handler(job, **arguments)
    except RequestError as error:
        return _failed(job, error.status, error.message)
    except BadImage as error:
        return _failed(job, status_of(error), error.reason)
    except MethodNotAllowed as error:
        return _not_allowed(job, settings, sorted(error.valid_methods or ()))
    except MemoryError:
        _log.exception("%s %s: not enough memory", job.request.method, job.path)
        return _failed(job, 503, "There is not enough memory for this now.")
    except NotFound:
        job.error = routes.error_shape(job.request.path)
        return _failed(job, 404, f"There is nothing at {job.path}.")
    except Exception:
        _log.exception("%s %s failed", job.request.method, job.path)
        return _failed(job, 500, "Something went wrong here; the log says what.")


def _failed(job: Job, status: int, message: str) -> flask.Response:
    response = responses.json_response(job.error(status, message), status)
    if status == 503:
        response.headers["Retry-After"] = str(SECONDS_TO_RETRY)
    return response


def _not_allowed(job: Job, settings: HttpSettings, allowed: list[str]) -> flask.Response:
    """A 405 that lists what is possible; or the answer to a browser that asks before it sends from another site."""
    if job.request.method == "OPTIONS" and settings.cors_origins:
        return responses.preflight(allowed)
    job.error = routes.error_shape(job.request.path)
    method = job.request.method[:20]
    response = _failed(job, 405, f"{method} is not possible here; possible: {', '.join(allowed)}.")
    response.headers["Allow"] = ", ".join(allowed)
    return response
