"""A model of another library, opened as the SavedModel that is built of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from export.importers.importer import Opening
from export.importers.saved_model.importer import SavedModelImporter
from export.source.fingerprint import fingerprint
from export.source.origin import Origin

if TYPE_CHECKING:
    from export.importers.pipeline import Pipeline


def open_built(opening: Opening, build: Callable[[Path, Path], Sequence[Path]]) -> Pipeline:
    """The pipeline of the SavedModel that `build` writes of a path into a folder.

    `build` returns the files that the model is in, of which the fingerprint is.
    """
    folder = Path(opening.stack.enter_context(tempfile.TemporaryDirectory(prefix="export-")))
    files = build(opening.path, folder)
    with Origin(folder, str(opening.path)).explained():
        pipeline = SavedModelImporter().open(replace(opening, path=folder))
    return replace(pipeline, source=replace(pipeline.source, fingerprint=fingerprint(files)))
