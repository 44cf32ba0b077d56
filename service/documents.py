"""The JSON that answers and stored records have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from predictor import ModelInfo, Prediction, Scores

DEFAULT_PREDICTIONS = 10
"""How many Vertex AI gives where it is not told."""


def predictions(found: Iterable[Prediction]) -> dict[str, Any]:
    """`{"predictions": [{"label", "score"}, …]}`."""
    # Not dataclasses.asdict: for a thousand labels it takes half as long as the network.
    return {"predictions": [{"label": prediction.label, "score": prediction.score} for prediction in found]}


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
