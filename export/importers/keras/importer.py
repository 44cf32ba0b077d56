"""Keras files: a `.keras` archive, or HDF5 in which the network is an attribute."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from export.importers.importer import Importer, Opening
from export.importers.keras import trial
from export.importers.saved_model.importer import SavedModelImporter
from export.source import integrity
from export.source.fingerprint import fingerprint
from export.source.origin import Origin

if TYPE_CHECKING:
    from export.importers.pipeline import Pipeline


class KerasImporter(Importer):
    """A `.keras` or HDF5 file, opened as the SavedModel that Keras makes of it."""

    name = "keras"
    description = "a .keras or .h5 file"
    suffixes = (".keras", ".h5", ".hdf5")

    def match(self, names: Collection[PurePosixPath]) -> list[PurePosixPath]:
        """The files of these suffixes that hold more than weights."""
        return [name for name in super().match(names) if not name.match("*.weights.h5")]

    def check(self, path: Path) -> None:
        """Refuse a pointer in its place, what is too large or holds no network, and what holds Python code."""
        integrity.check_file(path)
        trial.check(path)

    def open(self, opening: Opening) -> Pipeline:
        """The pipeline of the SavedModel; the fingerprint is the file's own."""
        from export.importers.keras import file

        folder = Path(opening.stack.enter_context(tempfile.TemporaryDirectory(prefix="export-")))
        file.save(opening.path, folder)
        with Origin(folder, str(opening.path)).explained():
            pipeline = SavedModelImporter().open(replace(opening, path=folder))
        return replace(pipeline, source=replace(pipeline.source, fingerprint=fingerprint([opening.path])))
