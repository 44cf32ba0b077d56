"""SavedModels: a folder with a graph, its weights and its assets."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from export.errors import CannotOpen
from export.importers.importer import Importer, Opening
from export.source import integrity

if TYPE_CHECKING:
    from export.importers.pipeline import Pipeline

GRAPHS = ("saved_model.pb", "saved_model.pbtxt")
PARTS = ("variables", "assets", "assets.extra")
"""The folders that belong to a SavedModel."""
WEIGHTS = ("variables.index", "variables.data-?????-of-?????")
"""The files in `variables`."""

_OF_TRAINING = re.compile(r"optimizer|/(Adam|Momentum|RMSProp|Adagrad|Ftrl)(_\d)?$", re.IGNORECASE)
"""The names of an optimizer's variables, in checkpoints of TensorFlow 2 and 1."""


class SavedModelImporter(Importer):
    """A SavedModel's folder, or the graph in it."""

    name = "saved_model"
    description = "a SavedModel's folder"
    is_folder = True

    def match(self, names: Collection[PurePosixPath]) -> list[PurePosixPath]:
        """The folders that hold a graph."""
        return list(dict.fromkeys(name.parent for name in names if name.name in GRAPHS))

    def is_part(self, name: PurePosixPath) -> bool:
        """Whether it is a graph, or below a folder of a SavedModel's."""
        return name.name in GRAPHS or not set(PARTS).isdisjoint(name.parts)

    def owns(self, model: PurePosixPath, name: PurePosixPath) -> bool:
        """Whether it is the graph, below one of the folders beside it, or should be."""
        own = name.relative_to(model).parts if name.is_relative_to(model) else ("",)
        return own[0] in PARTS if len(own) > 1 else own[0] in GRAPHS or _is_weights(own[0])

    def labels_folders(self, path: Path) -> tuple[Path, ...]:
        """In the model's assets, in it, and beside it."""
        return path / "assets", path / "assets.extra", path, path.parent

    def check(self, path: Path) -> None:
        """Refuse pointers in place of files, weights of which some were not copied along, and what is too large."""
        data = sorted((path / "variables").glob("variables.data-?????-of-?????"))
        for file in (*path.glob("saved_model.pb*"), *(path / "variables").glob("*")):
            integrity.check_present(file)
        _check_folders(path)
        _check_shards(path, data)
        graph = sum(file.stat().st_size for file in path.glob("saved_model.pb*"))
        weights = sum(file.stat().st_size for file in data)
        if weights > integrity.MAX_BYTES:  # the state of an optimizer may be most of it, and is not exported
            weights = _bytes_of_weights(path / "variables" / "variables")
        integrity.check_size(path, graph + weights)

    def open(self, opening: Opening) -> Pipeline:
        """The pipeline of one of its signatures."""
        from export.graph.saved_model import SavedModel
        from export.importers.saved_model.pipeline import saved_model_pipeline

        model = opening.stack.enter_context(SavedModel(opening.path))
        return saved_model_pipeline(model, opening.name, opening.options, opening.find_labels, opening.report)


def _is_weights(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in WEIGHTS)


def _check_folders(folder: Path) -> None:
    """Refuse a folder whose own folders an upload has taken away."""
    astray = sorted(path.name for path in folder.iterdir() if _is_weights(path.name))
    if astray and not (folder / "variables" / "variables.index").is_file():
        raise CannotOpen(
            folder,
            f"the weights lie beside the graph, as after an upload that knows no folders. Make a folder named "
            f"variables in it, and move {' and '.join(astray)} there.",
        )


def _check_shards(folder: Path, data: list[Path]) -> None:
    """Refuse weights of which not all files were copied along."""
    has_index = (folder / "variables" / "variables.index").is_file()
    wanted = max((int(path.name.rpartition("-of-")[2]) for path in data), default=int(has_index))
    if len(data) < wanted:
        raise CannotOpen(
            folder, f"only {len(data)} of {wanted} files with its weights are there. Copy the whole folder."
        )


def _bytes_of_weights(checkpoint: Path) -> int:
    """How large a checkpoint is without the variables of training."""
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(checkpoint))
    types = reader.get_variable_to_dtype_map()
    return sum(
        math.prod(shape) * types[name].size
        for name, shape in reader.get_variable_to_shape_map().items()
        if not _OF_TRAINING.search(name)
    )
