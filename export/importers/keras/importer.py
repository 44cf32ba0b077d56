"""Keras files: a `.keras` archive, or HDF5 in which the network is an attribute."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from export.errors import Damaged, NotAModel
from export.importers.importer import Importer, Opening
from export.importers.saved_model.importer import SavedModelImporter
from export.source import integrity
from export.source.fingerprint import fingerprint
from export.source.lookalikes import EXPORT_AGAIN
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
        """Refuse a pointer in its place, what is too large, and what holds no network."""
        integrity.check_file(path)
        (_check_archive if path.suffix == ".keras" else _check_hdf5)(path)

    def open(self, opening: Opening) -> Pipeline:
        """The pipeline of the SavedModel; the fingerprint is the file's own."""
        from export.importers.keras import file

        folder = Path(opening.stack.enter_context(tempfile.TemporaryDirectory(prefix="export-")))
        file.save(opening.path, folder)
        with Origin(folder, str(opening.path)).explained():
            pipeline = SavedModelImporter().open(replace(opening, path=folder))
        return replace(pipeline, source=replace(pipeline.source, fingerprint=fingerprint([opening.path])))


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as file:
            names = file.namelist()
    except zipfile.BadZipFile as error:
        raise Damaged(path, f"it cannot be read ({error})") from error
    if "config.json" not in names:
        raise NotAModel(path, f"it holds no config.json, the network. {EXPORT_AGAIN}")


def _check_hdf5(path: Path) -> None:
    import h5py

    try:
        with h5py.File(path) as file:
            has_network = "model_config" in file.attrs
    except OSError as error:
        raise Damaged(path, f"it cannot be read ({error})") from error
    if not has_network:
        raise NotAModel(path, f"it holds weights without their network. {EXPORT_AGAIN}")
