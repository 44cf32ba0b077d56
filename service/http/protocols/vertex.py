"""Vertex AI's online prediction for AutoML image classification."""

from __future__ import annotations

from typing import Any

from predictor import best
from service import documents
from service.documents import DEFAULT_PREDICTIONS
from service.errors import RequestError
from service.http import encoded, json_document, objects
from service.http.choice import Choice
from service.http.job import Job
from service.location import GS

_FORM = '{"content": "…", "mimeType": "…"}'


def matches(job: Job, first: dict[str, Any]) -> bool:
    """Whether the first of the instances is one of these."""
    return "content" in first


def answer(job: Job, instances: list[Any], parameters: Any, parent: str) -> dict[str, Any]:
    """`{"predictions": [{"ids", "displayNames", "confidences"}, …]}` and what the endpoint says of its model.

    `ids` are as `service/documents.py` says.
    """
    choice = _choice(parameters)
    predictions = [
        _prediction(job, instance, f"instances[{index}]", choice) for index, instance in enumerate(instances)
    ]
    info = job.classifier().info
    return {
        "predictions": predictions,
        "deployedModelId": str(int(info.version, 16)),
        "model": f"{parent}models/{info.name}",
        "modelDisplayName": info.name,
        "modelVersionId": info.version,
    }


def _prediction(job: Job, instance: Any, place: str, choice: Choice) -> dict[str, Any]:
    scores, labels = job.scores_at(place, _data(job, instance, place)), job.classifier().info.labels
    return documents.vertex_prediction(scores, labels, best(scores, choice.top_k, choice.min_score))


def _data(job: Job, instance: Any, place: str) -> bytes:
    content = instance.get("content") if isinstance(instance, dict) else None
    if not isinstance(content, str):
        raise json_document.wrong_form(place, _FORM, instance)
    if content.startswith(GS):
        return objects.read(job, content, place)
    return encoded.decode(content, place)


def _choice(parameters: Any) -> Choice:
    """The parameters `maxPredictions` and `confidenceThreshold`, each with Vertex AI's default."""
    if not isinstance(parameters, dict | None):
        raise RequestError(400, "parameters is not a JSON object.")
    most = (parameters or {}).get("maxPredictions", DEFAULT_PREDICTIONS)
    threshold = (parameters or {}).get("confidenceThreshold", 0.0)
    # A number in Vertex AI's JSON may be 5.0 where 5 is meant.
    if not _is_number(most) or most != int(most) or most < 1:
        raise RequestError(400, "parameters.maxPredictions is not a whole number above zero.")
    if not _is_number(threshold) or not 0 <= threshold <= 1:
        raise RequestError(400, "parameters.confidenceThreshold is not a number from 0 to 1.")
    return Choice(int(most), float(threshold))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
