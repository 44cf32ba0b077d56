"""TensorFlow.js models: a `model.json` with its weights in files beside it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from export.errors import MissingPreprocessing, NotAModel
from export.importers.importer import Importer, Opening
from export.importers.keras.importer import KerasImporter
from export.importers.saved_model.importer import SavedModelImporter
from export.importers.tensorflow_js import weights
from export.importers.tensorflow_js.document import Document
from export.importers.tensorflow_js.teachable_machine import METADATA, TeachableMachine
from export.options import PRESETS
from export.source import integrity, labels
from export.source.fingerprint import fingerprint
from export.source.labels import EmbeddedLabels
from export.source.origin import Origin

if TYPE_CHECKING:
    from export.importers.pipeline import Pipeline

_USUAL = "model.json"
_MODEL = re.compile(r".*model( ?\(\d+\))?\.json", re.IGNORECASE)  # browsers count what they save again
_SHARD = re.compile(r".*\.bin|group\d+-shard\d+of\d+", re.IGNORECASE)
_TEACHABLE_MACHINES = "teachable-machine"
"""The beginning of its presets' names: one for each way in which pictures come to it."""
_AUTOML_LABELS = "dict.txt"


class TensorFlowJsImporter(Importer):
    """A `model.json` of layers or of a graph, opened as the SavedModel that is built of it."""

    name = "tensorflow_js"
    description = "a TensorFlow.js model.json"

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

        path = opening.path
        folder = Path(opening.stack.enter_context(tempfile.TemporaryDirectory(prefix="export-")))
        files = building.save(path, folder)
        try:
            with Origin(folder, str(path)).explained():
                pipeline = SavedModelImporter().open(replace(opening, path=folder))
        except MissingPreprocessing as missing:
            raise MissingPreprocessing(f"{missing}{_proposal(path)}", missing.findings) from missing
        source = replace(pipeline.source, fingerprint=fingerprint(files))
        return replace(pipeline, source=source, may_be_features=True)


def _is_model(name: PurePosixPath, names: Collection[PurePosixPath]) -> bool:
    """Whether it is called as models are; a browser saves `x.json` with `x.weights.bin`."""
    if name.suffix.lower() != ".json" or name.name in (METADATA, *labels.FILES):
        return False
    return bool(_MODEL.fullmatch(name.name)) or name.with_suffix(".weights.bin") in names


def _proposal(path: Path) -> str:
    """The usual preprocessing of a model of this kind, as one sentence more."""
    if TeachableMachine.beside(path):
        presets = " or ".join(name for name in PRESETS if name.startswith(_TEACHABLE_MACHINES))
        return f" Teachable Machine made this one: take --preset {presets}."
    if (path.parent / _AUTOML_LABELS).is_file():
        return (
            " AutoML's models have a dict.txt, as this one does, and see the middle of a picture, from -1 to 1: if it "
            "is one, take --preset automl-edge --fit crop."
        )
    return ""
