"""The function's own protocol: a picture as the body, or the files of a form."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import flask

from predictor import BadImage, runtime
from service import documents
from service.errors import as_document, status_of
from service.http import body, instances, page
from service.http.choice import Choice
from service.http.job import Job
from service.http.responses import json_response


def describe(job: Job) -> flask.Response:
    """The page for a browser, without waiting for the model; the model's description for everyone else."""
    if job.request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        return page.response()
    classifier = job.classifier()
    info = classifier.info
    description = documents.model(classifier.info) | {
        "labels": info.labels,
        "activation": info.activation,
        "preprocessing": info.preprocessing,
        "parity": asdict(info.parity) if info.parity else None,
        "quantization": info.quantization,
        "drawing": info.drawing,
        "tools": info.tools,
        "runtime": runtime.versions(),
        "limits": asdict(classifier.limits) | {"max_instances": job.settings.max_instances},
    }
    return json_response(description, headers={"Vary": "Accept"})


def openapi(job: Job) -> flask.Response:
    """The OpenAPI document of all routes."""
    return page.description()


def health(job: Job) -> flask.Response:
    """Whether the model is loaded, or can be."""
    job.classifier()
    return json_response({"status": "ok"})


def classify(job: Job) -> flask.Response:
    """The labels of one picture, or of each file of a form; JSON is answered in the protocol that it is written in."""
    if job.request.is_json:
        return instances.classify(job)
    data, choice = job.body(), Choice.of(job.request.args)
    model = documents.model(job.classifier().info)
    if job.request.mimetype != "multipart/form-data":
        return json_response(_predictions(job, data, choice) | model)
    files = body.form_files(job.request, data, job.settings.max_instances)
    if len(files) == 1:
        return json_response(_predictions(job, files[0].data, choice) | model)
    results = [{"file": file.name} | _predictions_or_error(job, file.data, choice) for file in files]
    return json_response({"results": results} | model)


def _predictions(job: Job, data: bytes, choice: Choice) -> dict[str, Any]:
    return documents.predictions(job.predictions(data, choice))


def _predictions_or_error(job: Job, data: bytes, choice: Choice) -> dict[str, Any]:
    try:
        return _predictions(job, data, choice)
    except BadImage as error:
        return as_document(status_of(error), error.reason)
