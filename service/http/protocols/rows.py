"""Instances as TensorFlow Serving has them: one picture each, bare, or named as the original's only input."""

from __future__ import annotations

from typing import Any

from service.http import encoded, json_document
from service.http.context import RequestContext
from service.http.protocols import automl_edge


def matches(context: RequestContext, first: dict[str, Any]) -> bool:
    """Whether the first of the instances is one of these."""
    return "b64" in first or context.classifier().info.source.input in first.keys() - {automl_edge.INPUT}


def answer(context: RequestContext, instances: list[Any], parameters: Any, parent: str) -> dict[str, Any]:
    """`{"predictions": [[score, …], …]}`."""
    name = context.classifier().info.source.input
    bare = [one.get(name, one) if isinstance(one, dict) else one for one in instances]
    return {"predictions": scores(context, bare, "instances")}


def scores(context: RequestContext, values: list[Any], name: str) -> list[list[float]]:
    """The scores of pictures in base64, in the model's own order."""
    places = ((f"{name}[{index}]", value) for index, value in enumerate(values))
    return [context.scores_at(place, binary(value, place)).tolist() for place, value in places]


def binary(value: Any, place: str) -> bytes:
    """The bytes of `{"b64": "…"}`; RequestError 400 for anything else."""
    if not isinstance(value, dict) or "b64" not in value:
        raise json_document.wrong_form(place, '{"b64": "…"}', value)
    return encoded.decode(value["b64"], place)
