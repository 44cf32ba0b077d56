"""The JSON that answers and stored records have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from predictor import ModelInfo, Prediction, Scores
from predictor.metadata import UNSURE

LONGEST_LABEL = 2048
"""Bytes of a label in metadata."""
DEFAULT_PREDICTIONS = 10
"""How many Vertex AI gives where it is not told."""


def predictions(found: Iterable[Prediction]) -> dict[str, Any]:
    """`{"predictions": [{"label", "score"}, …]}`."""
    # Not dataclasses.asdict: for a thousand labels it takes half as long as the network.
    return {"predictions": [{"label": prediction.label, "score": prediction.score} for prediction in found]}


def decision(found: Sequence[Prediction], info: ModelInfo | None) -> dict[str, Any]:
    """`{"decision"}`, the best label or `unsure`, where the model file says from which score on; `found` by score."""
    if info is None or info.decision is None:
        return {}
    return {"decision": info.decision.of(found[0].label, found[0].score) if found else UNSURE}


def facts(result: str, found: Mapping[str, Any]) -> dict[str, str]:
    """The `result`, and of labels the best `label` and its `score`, for those who are told of a stored document.

    They are custom metadata, of which an object has 8 KiB: a label that is longer than LONGEST_LABEL is left out.
    """
    best = next(iter(found.get("predictions", ())), None)
    if best is None or len(best["label"].encode()) > LONGEST_LABEL:
        return {"result": result}
    return {"result": result, "label": best["label"], "score": str(best["score"])}


def model(info: ModelInfo) -> dict[str, Any]:
    """`{"model": {"name", "version"}}`."""
    return {"model": {"name": info.name, "version": info.version}}


def vertex_prediction(scores: Scores, labels: Sequence[str], classes: Sequence[int]) -> dict[str, Any]:
    """`{"ids", "displayNames", "confidences"}`, Vertex AI's form of the classes that `predictor.best` chose.

    `ids` are the classes' places in the model's own order: an export does not hold those of AutoML.
    """
    return {
        "ids": [str(index) for index in classes],
        "displayNames": [labels[index] for index in classes],
        "confidences": [float(scores[index]) for index in classes],
    }
