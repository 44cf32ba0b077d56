"""A TensorFlow.js model as a SavedModel."""

from __future__ import annotations

from pathlib import Path

from export.importers.tensorflow_js import graph_model, layers_model
from export.importers.tensorflow_js.document import Document
from export.importers.tensorflow_js.weights import read_groups, read_weights


def save(path: Path, folder: Path) -> list[Path]:
    """Write the model of a `model.json` to `folder`, and say which files it is; raises CannotOpen or a leaf of it."""
    document = Document.read(path)
    groups = read_groups(path, document.manifest)
    weights = read_weights(path, groups)
    (graph_model if document.form == "graph" else layers_model).save(document, weights, folder)
    return [path, *(shard for group in groups for shard in group.paths)]
