"""BigQuery remote functions: SQL that labels what lies in a bucket."""

from __future__ import annotations

from typing import Any

import flask

from predictor import BadImage
from service.errors import RequestError, as_document, status_of
from service.http import objects
from service.http.choice import Choice
from service.http.job import Job
from service.http.responses import json_response


def error(status: int, message: str) -> dict[str, Any]:
    """The error's shape; BigQuery shows the sentence, and sends again after 503."""
    return {"errorMessage": message}


def classify(job: Job, document: dict[str, Any]) -> flask.Response:
    """A reply for each call: predictions, or what is wrong with the picture, for a query goes on without it."""
    job.error = error
    calls, context = document["calls"], document.get("userDefinedContext") or {}
    if not isinstance(calls, list):
        raise RequestError(400, "calls is not a list.")
    if not isinstance(context, dict) or not all(isinstance(value, str) for value in context.values()):
        raise RequestError(400, "userDefinedContext is not an object of strings.")
    job.check_count(len(calls))
    choice = Choice.of(context)
    return json_response(
        {"replies": [_reply(job, call, f"calls[{index}]", choice) for index, call in enumerate(calls)]}
    )


def _reply(job: Job, call: Any, place: str, choice: Choice) -> dict[str, Any]:
    try:
        if not isinstance(call, list) or not call:
            raise RequestError(400, f"{place} is not a list that begins with a gs:// address.")
        return job.answer(objects.read(job, call[0], place), choice)
    except BadImage as error:
        return as_document(status_of(error), error.reason)
    except RequestError as error:
        if error.status >= 500:  # which may pass: the query is to be tried again
            raise
        return as_document(error.status, error.message)
