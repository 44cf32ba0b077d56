"""Vertex AI's online prediction for AutoML image classification."""

from __future__ import annotations

from typing import Any

from predictor import best
from results import documents
from results.documents import DEFAULT_PREDICTIONS
from results.errors import RequestError
from service.http import encoded, json_document, objects
from service.http.context import RequestContext
from service.http.label_filter import LabelFilter
from storage.location import GS

_FORM = '{"content": "…", "mimeType": "…"}'


def matches(context: RequestContext, first: dict[str, Any]) -> bool:
    """Whether the first of the instances is one of these."""
    return "content" in first


def answer(context: RequestContext, instances: list[Any], parameters: Any, parent: str) -> dict[str, Any]:
    """`{"predictions": [{"ids", "displayNames", "confidences"}, …]}` and what the endpoint says of its model.

    `ids` are as `results/documents.py` says.
    """
    label_filter = _choice(parameters)
    predictions = [
        _prediction(context, instance, f"instances[{index}]", label_filter) for index, instance in enumerate(instances)
    ]
    info = context.classifier().info
    return {
        "predictions": predictions,
        "deployedModelId": str(int(info.version, 16)),
        "model": f"{parent}models/{info.name}",
        "modelDisplayName": info.name,
        "modelVersionId": info.version,
    }


def _prediction(context: RequestContext, instance: Any, place: str, label_filter: LabelFilter) -> dict[str, Any]:
    scores, labels = context.scores_at(place, _data(context, instance, place)), context.classifier().info.labels
    return documents.vertex_prediction(scores, labels, best(scores, label_filter.top_k, label_filter.min_score))


def _data(context: RequestContext, instance: Any, place: str) -> bytes:
    content = instance.get("content") if isinstance(instance, dict) else None
    if not isinstance(content, str):
        raise json_document.wrong_form(place, _FORM, instance)
    if content.startswith(GS):
        return objects.read(context, content, place)
    return encoded.decode(content, place)


def _choice(parameters: Any) -> LabelFilter:
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
    return LabelFilter(int(most), float(threshold))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
