"""The JSON that answers and stored records have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from predictor import ModelInfo, Prediction


def predictions(found: Iterable[Prediction]) -> dict[str, Any]:
    """`{"predictions": [{"label", "score"}, …]}`."""
    # Not dataclasses.asdict: for a thousand labels it takes half as long as the network.
    return {"predictions": [{"label": prediction.label, "score": prediction.score} for prediction in found]}


def model(info: ModelInfo) -> dict[str, Any]:
    """`{"model": {"name", "version"}}`."""
    return {"model": {"name": info.name, "version": info.version}}
