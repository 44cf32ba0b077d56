"""BigQuery remote functions: SQL that labels what lies in a bucket."""

from __future__ import annotations

from typing import Any

import flask

from predictor import BadImage
from results.errors import RequestError, as_document, status_of
from service.http import objects
from service.http.context import RequestContext
from service.http.label_filter import LabelFilter
from service.http.responses import json_response


def error(status: int, message: str) -> dict[str, Any]:
    """The error's shape; BigQuery shows the sentence, and sends again after 503."""
    return {"errorMessage": message}


def classify(context: RequestContext, document: dict[str, Any]) -> flask.Response:
    """A reply for each call: predictions, or what is wrong with the picture, for a query goes on without it."""
    context.error = error
    calls, options = document["calls"], document.get("userDefinedContext") or {}
    if not isinstance(calls, list):
        raise RequestError(400, "calls is not a list.")
    if not isinstance(options, dict) or not all(isinstance(value, str) for value in options.values()):
        raise RequestError(400, "userDefinedContext is not an object of strings.")
    context.check_count(len(calls))
    label_filter = LabelFilter.of(options)
    return json_response(
        {"replies": [_reply(context, call, f"calls[{index}]", label_filter) for index, call in enumerate(calls)]}
    )


def _reply(context: RequestContext, call: Any, place: str, label_filter: LabelFilter) -> dict[str, Any]:
    try:
        if not isinstance(call, list) or not call:
            raise RequestError(400, f"{place} is not a list that begins with a gs:// address.")
        return context.answer(objects.read(context, call[0], place), label_filter)
    except BadImage as error:
        return as_document(status_of(error), error.reason)
    except RequestError as error:
        if error.status >= 500:  # which may pass: the query is to be tried again
            raise
        return as_document(error.status, error.message)
