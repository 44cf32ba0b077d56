"""The function's own protocol: a picture as the body, or the files of a form."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import flask

from predictor import BadImage, runtime
from results import documents, predicted_labels
from results.errors import as_document, status_of
from service.http import forms, json_document, objects, page
from service.http.context import RequestContext
from service.http.label_filter import LabelFilter
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


def describe(context: RequestContext) -> flask.Response:
    """The page for a browser, without waiting for the model; the model's description for everyone else."""
    if _is_browser(context.request):
        return page.response()
    classifier = context.classifier()
    info = classifier.info
    at_most, least = predicted_labels.rule(info, context.settings.min_score)
    description = documents.model(classifier.info) | {
        "labels": info.labels,
        "activation": info.activation,
        "preprocessing": info.preprocessing,
        "assumed": info.assumed,
        "parity": asdict(info.parity) if info.parity else None,
        "quantization": info.quantization,
        "decision": asdict(info.decision) if info.decision else None,
        "given": {"at_most": at_most, "min_score": least},
        "drawing": info.drawing,
        "tools": info.tools,
        "runtime": runtime.versions(),
        "limits": asdict(classifier.limits) | {"max_instances": context.settings.max_instances},
    }
    return json_response(description, headers={"Vary": "Accept"})


def _is_browser(request: flask.Request) -> bool:
    if len(request.headers.get("Accept", "")) > LONGEST_ACCEPT:
        return False
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def openapi(context: RequestContext) -> flask.Response:
    """The OpenAPI document of all routes."""
    return page.description()


def health(context: RequestContext) -> flask.Response:
    """Whether the model is loaded, or can be."""
    context.classifier()
    return json_response({"status": "ok"})


def classify(context: RequestContext, parent: str = "") -> flask.Response:
    """The labels of one picture, or of each file of a form; JSON is answered in the protocol that it is written in.

    parent: what precedes the name of the model on Vertex AI.
    """
    data = context.body()
    if context.request.mimetype == forms.MIMETYPE:
        return _classify_form(context, data)
    if context.request.is_json or json_document.begins(data):
        return _classify_json(context, data, parent)
    label_filter = LabelFilter.of_query(context.request.args)
    return json_response(context.answer(data, label_filter) | documents.model(context.classifier().info))


def classify_at_endpoint(context: RequestContext, project: str, location: str, endpoint: str) -> flask.Response:
    """Answer as Vertex AI does at the path that an endpoint has there, for whatever is sent."""
    return classify(context, f"projects/{project}/locations/{location}/")


def predict_at_endpoint(context: RequestContext, project: str, location: str, endpoint: str) -> flask.Response:
    """The same for instances alone."""
    return json_response(instances.answer(context, context.document(), f"projects/{project}/locations/{location}/"))


def _classify_json(context: RequestContext, data: bytes, parent: str) -> flask.Response:
    """Which protocol a JSON body is written in follows from its fields."""
    document = json_document.parse(data, context.settings.max_instances)
    if "calls" in document:
        return bigquery.classify(context, document)
    if "gcs_uri" not in document:
        return json_response(instances.answer(context, document, parent))
    label_filter = LabelFilter.of_query(context.request.args)
    data = objects.read(context, document["gcs_uri"], "gcs_uri")
    return json_response(context.answer(data, label_filter) | documents.model(context.classifier().info))


def _classify_form(context: RequestContext, data: bytes) -> flask.Response:
    """One file is answered like the bare picture; of several, each has its own result or error."""
    label_filter = LabelFilter.of_query(context.request.args)
    files = forms.files(data, context.request.mimetype_params, context.settings.max_instances)
    model = documents.model(context.classifier().info)
    if len(files) == 1:
        return json_response(context.answer(files[0].data, label_filter) | model)
    results = [{"file": file.name} | _predictions_or_error(context, file.data, label_filter) for file in files]
    return json_response({"results": results} | model)


def _predictions_or_error(context: RequestContext, data: bytes, label_filter: LabelFilter) -> dict[str, Any]:
    try:
        return context.answer(data, label_filter)
    except BadImage as error:
        return as_document(status_of(error), error.reason)
