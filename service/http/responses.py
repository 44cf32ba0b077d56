"""Responses: JSON, and the headers that go with every one."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import flask

ANY = "*"
SECONDS_TO_REMEMBER = 600  # that another site may ask
_ALLOWED_HEADERS = "Content-Type, Authorization, Inference-Header-Content-Length, traceparent"
_READABLE_HEADERS = "Server-Timing, Inference-Header-Content-Length, Retry-After"
_NOTHING_ACTIVE = "default-src 'none'; frame-ancestors 'none'"


def json_response(
    document: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> flask.Response:
    """A response with a JSON document."""
    # A request may hold half a surrogate pair, which UTF-8 cannot; a backslash escape is JSON's own way to write it.
    text = json.dumps(document, ensure_ascii=False, allow_nan=False).encode(errors="backslashreplace")
    return flask.Response(text, status, headers, mimetype="application/json")


def secure(response: flask.Response) -> None:
    """Keep browsers from taking an answer for something active; the page has a policy of its own."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Content-Security-Policy", _NOTHING_ACTIVE)


def preflight(methods: Collection[str]) -> flask.Response:
    """The headers that a browser wants before it sends a request from another site."""
    headers = {
        "Allow": ", ".join(methods),
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
        "Access-Control-Max-Age": str(SECONDS_TO_REMEMBER),
    }
    return flask.Response(status=204, headers=headers)


def share(response: flask.Response, request: flask.Request, origins: Collection[str]) -> None:
    """Let pages of these origins, `*` for any, read the answer."""
    if not origins:
        return
    response.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    if ANY in origins or origin in origins:
        response.headers["Access-Control-Allow-Origin"] = ANY if ANY in origins else origin
        response.headers["Access-Control-Expose-Headers"] = _READABLE_HEADERS
        response.headers["Timing-Allow-Origin"] = response.headers["Access-Control-Allow-Origin"]
