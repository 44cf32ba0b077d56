"""JSON with `instances`, in whichever protocol the first of them is written."""

from __future__ import annotations

from typing import Any, Protocol

from results.errors import RequestError
from service.http.context import RequestContext
from service.http.protocols import automl_edge, rows, vertex


class Form(Protocol):
    """A form of instances, and its answer."""

    def matches(self, context: RequestContext, first: dict[str, Any]) -> bool:
        """Whether the first of the instances is of this form."""

    def answer(self, context: RequestContext, instances: list[Any], parameters: Any, parent: str) -> dict[str, Any]:
        """The answer to all of them; for `parent` see below."""


FORMS: tuple[Form, ...] = (vertex, rows, automl_edge)
"""The forms, the first of which that matches is taken."""


def answer(context: RequestContext, document: dict[str, Any], parent: str = "") -> dict[str, Any]:
    """The answer to a document with `instances`, which the first of them decides.

    parent: what precedes the name of the model on Vertex AI.
    """
    found = document.get("instances")
    if not isinstance(found, list) or not found:
        raise RequestError(400, 'The JSON body needs a list "instances" with at least one element.')
    context.check_count(len(found))
    first = found[0] if isinstance(found[0], dict) else {}
    form = next(form for form in FORMS if form.matches(context, first))
    return form.answer(context, found, document.get("parameters"), parent)
