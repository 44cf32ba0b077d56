"""A route: method, path, who answers, and in which shape errors are said."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import flask

from results.errors import as_document
from service.http.context import ErrorShape


class Route(NamedTuple):
    """The handler is given the request, and by name what the path names in `<…>`."""

    method: str
    path: str
    handler: Callable[..., flask.Response]
    error: ErrorShape = as_document


def versions(start: str) -> tuple[str, str]:
    """The paths of a model by its name, with its version and without."""
    return f"{start}<part:name>", f"{start}<part:name>/versions/<part:version>"
