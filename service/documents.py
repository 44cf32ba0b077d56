"""The JSON that answers and stored records have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from predictor import ModelInfo, Prediction, Scores, best

DEFAULT_PREDICTIONS = 10
"""How many Vertex AI gives where it is not told."""


def predictions(found: Iterable[Prediction]) -> dict[str, Any]:
    """`{"predictions": [{"label", "score"}, …]}`."""
    # Not dataclasses.asdict: for a thousand labels it takes half as long as the network.
    return {"predictions": [{"label": prediction.label, "score": prediction.score} for prediction in found]}


def model(info: ModelInfo) -> dict[str, Any]:
    """`{"model": {"name", "version"}}`."""
    return {"model": {"name": info.name, "version": info.version}}


def vertex_prediction(
    scores: Scores, labels: Sequence[str], top_k: int | None = DEFAULT_PREDICTIONS, min_score: float = 0.0
) -> dict[str, Any]:
    """`{"ids", "displayNames", "confidences"}`, Vertex AI's form of the labels that `predictor.best` chooses.

    `ids` are the classes' places in the model's own order: an export does not hold those of AutoML.
    """
    chosen = best(scores, top_k, min_score)
    return {
        "ids": [str(index) for index in chosen],
        "displayNames": [labels[index] for index in chosen],
        "confidences": [float(scores[index]) for index in chosen],
    }
