"""TensorFlow.js models: a `model.json` with its weights in files beside it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from export.errors import NotAModel
from export.importers.built_model import open_built
from export.importers.importer import Importer, Opening
from export.importers.keras.importer import KerasImporter
from export.importers.tensorflow_js import weights
from export.importers.tensorflow_js.document import Document
from export.importers.tensorflow_js.teachable_machine import METADATA, TeachableMachine
from export.source import integrity, labels
from export.source.labels import EmbeddedLabels

if TYPE_CHECKING:
    from export.importers.pipeline import Pipeline

_USUAL = "model.json"
_MODEL = re.compile(r".*model( ?\(\d+\))?\.json", re.IGNORECASE)  # browsers count what they save again
_SHARD = re.compile(r".*\.bin|group\d+-shard\d+of\d+", re.IGNORECASE)


class TensorFlowJsImporter(Importer):
    """A `model.json` of layers or of a graph, opened as the SavedModel that is built of it."""

    name = "tensorflow_js"
    description = "a TensorFlow.js model.json"
    usual_fit = "crop"

    def match(self, names: Collection[PurePosixPath]) -> list[PurePosixPath]:
        """The JSON files with weights beside them or below; of a file alone what lies with it is not known."""
        models = [name for name in names if _is_model(name, names)]
        usual = {name.parent for name in models if name.name == _USUAL}
        models = [name for name in models if name.name == _USUAL or name.parent not in usual]
        if len(names) == 1:
            return models
        shards = [name for name in names if _SHARD.fullmatch(name.name)]
        return [name for name in models if any(shard.is_relative_to(name.parent) for shard in shards)]

    def is_part(self, name: PurePosixPath) -> bool:
        """Whether it can be the model or its weights."""
        return bool(_SHARD.fullmatch(name.name)) or _is_model(name, ())

    def owns(self, model: PurePosixPath, name: PurePosixPath) -> bool:
        """Whether it is the model, weights beside it or below, or Teachable Machine's description of it."""
        is_weights = bool(_SHARD.fullmatch(name.name)) and name.is_relative_to(model.parent)
        return is_weights or name in (model, model.parent / METADATA)

    def embedded_labels(self, path: Path) -> EmbeddedLabels | None:
        """The labels in Teachable Machine's description."""
        found = TeachableMachine.beside(path)
        return EmbeddedLabels(found.labels, METADATA) if found and found.labels else None

    def signs(self, path: Path) -> tuple[str, ...]:
        """The package that Teachable Machine's description names."""
        described = TeachableMachine.beside(path)
        return (described.package or f"{METADATA} with tmVersion",) if described else ()

    def check(self, path: Path) -> None:
        """Refuse JSON of another kind, weights that are missing, cut off or elsewhere, and models of sounds."""
        integrity.check_present(path)
        if advice := KerasImporter().advice(path):
            raise NotAModel(path, f"this {advice}")
        found = Document.read(path)
        weights.check_files(path, weights.read_groups(path, found.manifest))
        if described := TeachableMachine.beside(path):
            described.check()

    def open(self, opening: Opening) -> Pipeline:
        """The pipeline of the SavedModel; the fingerprint is that of model.json and the weights."""
        from export.importers.tensorflow_js import building

        return replace(open_built(opening, building.save), may_be_features=True)


def _is_model(name: PurePosixPath, names: Collection[PurePosixPath]) -> bool:
    """Whether it is called as models are; a browser saves `x.json` with `x.weights.bin`."""
    if name.suffix.lower() != ".json" or name.name in (METADATA, *labels.FILES):
        return False
    return bool(_MODEL.fullmatch(name.name)) or name.with_suffix(".weights.bin") in names
