"""The body of a request: read within its bounds, and thrown away where it is not wanted."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator

import flask
from werkzeug.exceptions import BadRequest

from results.errors import RequestError
from service.http import compression
from service.http.patience import TOO_SLOW
from service.http.turn import LITTLE

try:
    from gunicorn.http.errors import ParseException
except ImportError:  # on Windows functions-framework has Flask's server instead
    ParseException = BadRequest

_CHUNK = 1 << 17
_DISCARDED = 1 << 28  # bytes of a rejected body that are read, for a client that still sends to hear the answer
_DISCARDING = 10.0  # seconds


def read(request: flask.Request, max_bytes: int, on_much: Callable[[], None]) -> bytes:
    """The whole body, unpacked; `on_much` is called when more than a little of it is held.

    Raises RequestError: 413 when it is longer than `max_bytes`, 400 when it breaks off or is not packed as it says, 408
    when it comes too slowly, 415 for an encoding that is not unpacked.
    """
    encoding = compression.encoding_of(request)
    too_long = RequestError(413, f"The request is too large; at most {max_bytes:,} bytes are accepted.")
    if (request.content_length or 0) > max_bytes:
        raise too_long
    body, parts = io.BytesIO(), _whole(request)
    for chunk in compression.unpacked(parts, encoding) if encoding else parts:
        if body.tell() + len(chunk) > max_bytes:
            raise too_long
        body.write(chunk)
        if body.tell() >= LITTLE:
            on_much()
    return body.getvalue()


def finish(request: flask.Request, response: flask.Response) -> flask.Response:
    """The response, with what is left of the body thrown away: a client that still sends would not hear the answer.

    functions-framework would read it all into memory instead, but not before a response that is a stream.
    """
    if not _discard(request):
        response.response = iter([response.get_data()])
    return response


def _discard(request: flask.Request) -> bool:
    """Whether the body has ended, in its bounds."""
    left, end = _DISCARDED, time.monotonic() + _DISCARDING
    try:
        for chunk in _chunks(request):
            left -= len(chunk)
            if left < 0 or time.monotonic() > end:
                return False
    except RequestError:
        return False
    return True


def _whole(request: flask.Request) -> Iterator[bytes]:
    """The body in parts; RequestError 400 also for one shorter than it says, which gunicorn takes for whole."""
    size = 0
    for chunk in _chunks(request):
        size += len(chunk)
        yield chunk
    if size < (request.content_length or 0):
        raise _broken()


def _chunks(request: flask.Request) -> Iterator[bytes]:
    """The body in parts; RequestError 400 when it breaks off, 408 when it comes too slowly."""
    try:
        while chunk := request.stream.read(_CHUNK):
            yield chunk
    except TimeoutError as error:
        raise RequestError(408, TOO_SLOW) from error
    except (BadRequest, ParseException, OSError) as error:  # Werkzeug's, and gunicorn's two kinds
        raise _broken() from error


def _broken() -> RequestError:
    return RequestError(400, "The request broke off, or its chunks are not well-formed.")
