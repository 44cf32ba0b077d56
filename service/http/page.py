"""The page, and the policy that lets a browser run what is in it and nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from functools import cache
from pathlib import Path

import flask

_PAGE, _DESCRIPTION = "page.html", "openapi.json"
_GZIP = 16 + zlib.MAX_WBITS  # zlib's word for gzip's format


def response() -> flask.Response:
    """The page."""
    answer = _document(_PAGE, "text/html")
    answer.headers["Content-Security-Policy"] = _policy()
    answer.headers["Cache-Control"] = "no-cache"
    answer.vary.add("Accept")
    return answer


def description() -> flask.Response:
    """The OpenAPI document of the routes."""
    return _document(_DESCRIPTION, "application/json")


def _document(name: str, mimetype: str) -> flask.Response:
    """A document, sent as it is stored where the client takes that."""
    stored, is_packed = _stored(name)
    if not is_packed:
        return flask.Response(stored, mimetype=mimetype)
    if flask.request.accept_encodings["gzip"]:
        answer = flask.Response(stored, mimetype=mimetype, headers={"Content-Encoding": "gzip"})
    else:
        answer = flask.Response(_text(name), mimetype=mimetype)
    answer.vary.add("Accept-Encoding")
    return answer


@cache
def _stored(name: str) -> tuple[bytes, bool]:
    """The bytes of a document, and whether they are packed: deployment/staging.py leaves `name.gz` in its place."""
    path = Path(__file__).with_name(name)
    packed = path.with_name(f"{name}.gz")
    return (packed.read_bytes(), True) if packed.exists() else (path.read_bytes(), False)


@cache
def _text(name: str) -> str:
    stored, is_packed = _stored(name)
    return (zlib.decompress(stored, _GZIP) if is_packed else stored).decode()


@cache
def _policy() -> str:
    """A policy without `unsafe-inline`: script and style are named by their hashes."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hash_of('script')}",
            f"style-src {_hash_of('style')}",
            "img-src data: blob:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def _hash_of(tag: str) -> str:
    (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", _text(_PAGE), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return f"'sha256-{digest}'"
