"""The function's own protocol: a picture as the body, or the files of a form."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import flask

from predictor import BadImage, runtime
from service import documents, given
from service.errors import as_document, status_of
from service.http import forms, json_document, objects, page
from service.http.choice import Choice
from service.http.job import Job
from service.http.protocols import bigquery, instances
from service.http.responses import json_response
from service.http.route import Route

START = ""
_ENDPOINT = "/projects/<project>/locations/<location>/endpoints/<part:endpoint>"
LONGEST_ACCEPT = 1000  # characters of the header, of which browsers send 150


def routes() -> list[Route]:
    """Those of the function itself, and of an endpoint of Vertex AI, whose answers are chosen by what is sent."""
    return [
        Route("GET", "/", describe),
        Route("POST", "/", classify),
        Route("GET", "/health", health),
        Route("GET", "/openapi.json", openapi),
        *(route for version in ("v1", "v1beta1") for route in _at_endpoint(f"/{version}{_ENDPOINT}")),
    ]


def _at_endpoint(endpoint: str) -> list[Route]:
    return [
        Route("POST", f"{endpoint}:predict", predict_at_endpoint),
        Route("POST", f"{endpoint}:rawPredict", classify_at_endpoint),
    ]


def describe(job: Job) -> flask.Response:
    """The page for a browser, without waiting for the model; the model's description for everyone else."""
    if _is_browser(job.request):
        return page.response()
    classifier = job.classifier()
    info = classifier.info
    at_most, least = given.rule(info, job.settings.min_score)
    description = documents.model(classifier.info) | {
        "labels": info.labels,
        "activation": info.activation,
        "preprocessing": info.preprocessing,
        "parity": asdict(info.parity) if info.parity else None,
        "quantization": info.quantization,
        "decision": asdict(info.decision) if info.decision else None,
        "given": {"at_most": at_most, "min_score": least},
        "drawing": info.drawing,
        "tools": info.tools,
        "runtime": runtime.versions(),
        "limits": asdict(classifier.limits) | {"max_instances": job.settings.max_instances},
    }
    return json_response(description, headers={"Vary": "Accept"})


def _is_browser(request: flask.Request) -> bool:
    if len(request.headers.get("Accept", "")) > LONGEST_ACCEPT:
        return False
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def openapi(job: Job) -> flask.Response:
    """The OpenAPI document of all routes."""
    return page.description()


def health(job: Job) -> flask.Response:
    """Whether the model is loaded, or can be."""
    job.classifier()
    return json_response({"status": "ok"})


def classify(job: Job, parent: str = "") -> flask.Response:
    """The labels of one picture, or of each file of a form; JSON is answered in the protocol that it is written in.

    parent: what precedes the name of the model on Vertex AI.
    """
    data = job.body()
    if job.request.mimetype == forms.MIMETYPE:
        return _classify_form(job, data)
    if job.request.is_json or json_document.begins(data):
        return _classify_json(job, data, parent)
    choice = Choice.of_query(job.request.args)
    return json_response(job.answer(data, choice) | documents.model(job.classifier().info))


def classify_at_endpoint(job: Job, project: str, location: str, endpoint: str) -> flask.Response:
    """Answer as Vertex AI does at the path that an endpoint has there, for whatever is sent."""
    return classify(job, f"projects/{project}/locations/{location}/")


def predict_at_endpoint(job: Job, project: str, location: str, endpoint: str) -> flask.Response:
    """The same for instances alone."""
    return json_response(instances.answer(job, job.document(), f"projects/{project}/locations/{location}/"))


def _classify_json(job: Job, data: bytes, parent: str) -> flask.Response:
    """Which protocol a JSON body is written in follows from its fields."""
    document = json_document.parse(data, job.settings.max_instances)
    if "calls" in document:
        return bigquery.classify(job, document)
    if "gcs_uri" not in document:
        return json_response(instances.answer(job, document, parent))
    choice = Choice.of_query(job.request.args)
    data = objects.read(job, document["gcs_uri"], "gcs_uri")
    return json_response(job.answer(data, choice) | documents.model(job.classifier().info))


def _classify_form(job: Job, data: bytes) -> flask.Response:
    """One file is answered like the bare picture; of several, each has its own result or error."""
    choice = Choice.of_query(job.request.args)
    files = forms.files(data, job.request.mimetype_params, job.settings.max_instances)
    model = documents.model(job.classifier().info)
    if len(files) == 1:
        return json_response(job.answer(files[0].data, choice) | model)
    results = [{"file": file.name} | _predictions_or_error(job, file.data, choice) for file in files]
    return json_response({"results": results} | model)


def _predictions_or_error(job: Job, data: bytes, choice: Choice) -> dict[str, Any]:
    try:
        return job.answer(data, choice)
    except BadImage as error:
        return as_document(status_of(error), error.reason)
