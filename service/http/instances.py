"""JSON bodies: which protocol one is written in follows from its fields."""

from __future__ import annotations

from typing import Any

import flask

from service import documents
from service.errors import RequestError
from service.http import automl_edge, bigquery, json_document, objects, tensorflow_serving, vertex
from service.http.choice import Choice
from service.http.job import Job
from service.http.responses import json_response


def classify(job: Job, data: bytes, parent: str) -> flask.Response:
    """Answer a JSON body in its own protocol; for `parent` see `answer`."""
    document = json_document.parse(data, job.settings.max_instances)
    if "calls" in document:
        return bigquery.classify(job, document)
    if "gcs_uri" in document:
        return _classify_object(job, document)
    return json_response(answer(job, document, parent))


def answer(job: Job, document: dict[str, Any], parent: str = "") -> dict[str, Any]:
    """The answer to a document with `instances`, which the first of them decides.

    parent: what precedes the name of the model on Vertex AI.
    """
    found = document.get("instances")
    if not isinstance(found, list) or not found:
        raise RequestError(400, 'The JSON body needs a list "instances" with at least one element.')
    job.check_count(len(found))
    first = found[0] if isinstance(found[0], dict) else {}
    if "content" in first:
        return vertex.answer(job, found, document.get("parameters"), parent)
    if "b64" in first or job.classifier().info.source.input in first.keys() - {automl_edge.INPUT}:
        return tensorflow_serving.answer(job, found)
    return automl_edge.answer(job, found)


def _classify_object(job: Job, document: dict[str, Any]) -> flask.Response:
    """The native answer for a picture in Cloud Storage."""
    choice = Choice.of_query(job.request.args)
    data = objects.read(job, document["gcs_uri"], "gcs_uri")
    return json_response(job.answer(data, choice) | documents.model(job.classifier().info))
