"""The AutoML Edge container's answer: all labels in the model's own order, and each instance's key."""

from __future__ import annotations

from typing import Any

from service.http import encoded, json_document, objects
from service.http.context import RequestContext

INPUT = "image_bytes"
_FORM = '{"image_bytes": {"b64": "…"}, "key": "…"}'


def matches(context: RequestContext, first: dict[str, Any]) -> bool:
    """Always: what is wrong with an instance of no form is said as of this one."""
    return True


def answer(context: RequestContext, instances: list[Any], parameters: Any, parent: str) -> dict[str, Any]:
    """`{"predictions": [{"labels", "scores", "key"?}, …]}`."""
    labels = context.classifier().info.labels
    predictions = []
    for index, instance in enumerate(instances):
        place = f"instances[{index}]"
        prediction: dict[str, Any] = {
            "labels": labels,
            "scores": context.scores_at(place, _data(context, instance, place)).tolist(),
        }
        if (key := instance.get("key")) is not None:
            prediction["key"] = key
        predictions.append(prediction)
    return {"predictions": predictions}


def _data(context: RequestContext, instance: Any, place: str) -> bytes:
    if isinstance(instance, dict) and "gcs_uri" in instance:
        return objects.read(context, instance["gcs_uri"], place)
    try:
        content = instance[INPUT]["b64"]
    except (TypeError, KeyError) as error:
        raise json_document.wrong_form(place, _FORM, instance) from error
    return encoded.decode(content, place)
