"""The access log's line of each request, and the Server-Timing header."""

from __future__ import annotations

import logging
from dataclasses import asdict

import flask

from service.http.context import RequestContext

_log = logging.getLogger(__name__)


def record(context: RequestContext, response: flask.Response) -> None:
    """Log one line without the picture and without anything personal, and put the same times into the response."""
    measured = context.measured
    times = {"decode": measured.decode, "inference": measured.inference, "total": measured.total()}
    response.headers["Server-Timing"] = ", ".join(f"{name};dur={time:.1f}" for name, time in times.items())
    fields: dict[str, object] = {
        "httpRequest": {
            "requestMethod": context.request.method,
            "requestUrl": context.path,  # without the query
            "requestSize": str(context.request.content_length or 0),
            "status": response.status_code,
            "responseSize": str(response.content_length or 0),
            "latency": f"{times['total'] / 1000:.4f}s",
            "protocol": context.request.environ.get("SERVER_PROTOCOL", ""),
        },
        "pictures": [asdict(picture) for picture in measured.pictures],
    }
    fields |= {f"{name}_ms": round(time, 2) for name, time in times.items()}
    _log.log(
        _level(response.status_code),
        "%s %s %s",
        context.request.method,
        context.path,
        response.status_code,
        extra=fields,
    )


def _level(status: int) -> int:
    if status >= 500:
        return logging.ERROR
    return logging.WARNING if status >= 400 else logging.INFO
