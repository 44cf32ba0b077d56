"""The page, and the policy that lets a browser run what is in it and nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

import flask

_PAGE = Path(__file__).with_name("page.html")
_DESCRIPTION = Path(__file__).with_name("openapi.json")


def response() -> flask.Response:
    """The page."""
    headers = {"Vary": "Accept", "Content-Security-Policy": _policy(), "Cache-Control": "no-cache"}
    return flask.Response(_text(_PAGE), mimetype="text/html", headers=headers)


def description() -> flask.Response:
    """The OpenAPI document of the routes."""
    return flask.Response(_text(_DESCRIPTION), mimetype="application/json")


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


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
