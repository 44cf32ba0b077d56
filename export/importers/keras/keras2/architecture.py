"""The architecture of a Keras model as a JSON file, beside a file with its weights."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any

from export.importers.keras.keras2 import hdf5, text
from export.importers.keras.keras2.problems import Malformed
from export.importers.keras.keras2.structure import NETWORKS

_NAMES = ("model.json", "architecture.json", "model_architecture.json", "config.json")


def names(weights: PurePath) -> tuple[str, ...]:
    """The names of a file with the architecture beside a file with weights."""
    return f"{weights.stem}.json", *_NAMES


def beside(weights: Path) -> Any:
    """The model's configuration in a file beside its weights; None where there is none."""
    found = (weights.with_name(name) for name in names(weights))
    return next((model for path in found if path.is_file() and (model := read(path)) is not None), None)


def read(path: Path) -> Any:
    """The configuration in a JSON file, as `model.to_json()` writes it; None for any other file."""
    if path.stat().st_size > hdf5.MOST_TEXT:
        return None
    try:
        model = text.parsed(path.read_text(encoding="utf-8"))
    except (Malformed, UnicodeDecodeError):
        return None
    is_model = isinstance(model, dict) and model.get("class_name") in (*NETWORKS, "Sequential") and "config" in model
    return model if is_model else None
