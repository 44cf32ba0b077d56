"""Keras files: a `.keras` archive, or HDF5 in which the network is an attribute."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from export.errors import Damaged, NotAModel
from export.importers.importer import Importer, Opening
from export.importers.keras.keras2 import architecture, hdf5
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
        """The files of these suffixes that hold more than weights, or weights beside their network."""
        return [name for name in super().match(names) if not name.match("*.weights.h5") or _beside(name, names)]

    def owns(self, model: PurePosixPath, name: PurePosixPath) -> bool:
        """The file itself, and what may hold the network of a file with weights alone."""
        return name == model or (name.parent == model.parent and name.name in architecture.names(model))

    def advice(self, path: Path) -> str | None:
        """What a JSON file is that holds a network without weights."""
        if path.suffix.lower() != ".json" or architecture.read(path) is None:
            return None
        return (
            "is the network of a Keras model without its weights. Give the .h5 file that holds them: "
            f"{path.stem}.h5, or any other beside this file when that is called {architecture.names(path)[1]}."
        )

    def check(self, path: Path) -> None:
        """Refuse a pointer in its place, what is too large, and what holds no network."""
        integrity.check_file(path)
        if path.suffix.lower() == ".keras" and not hdf5.is_hdf5(path):
            _check_archive(path)
        else:
            _check_hdf5(path)

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
            has_network = "model_config" in file.attrs or _is_completed(path, file)
    except OSError as error:
        raise Damaged(path, f"it cannot be read ({error})") from error
    if not has_network:
        raise NotAModel(path, f"it holds weights without their network. {EXPORT_AGAIN}")


def _beside(weights: PurePosixPath, names: Collection[PurePosixPath]) -> bool:
    """Whether a file that may hold the network of a file with weights lies with it."""
    return any(weights.with_name(name) in names for name in architecture.names(weights))


def _is_completed(path: Path, file: Any) -> bool:
    """Whether a file has weights as Keras 2 saves them alone, and another file has their network."""
    return any(name in file.attrs for name in ("layer_names", "layer_names0")) and bool(architecture.beside(path))
