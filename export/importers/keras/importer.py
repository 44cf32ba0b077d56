"""Keras files: a `.keras` archive, or HDF5 in which the network is an attribute."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from export.importers.built_model import open_built
from export.importers.importer import Importer, Opening
from export.importers.keras import trial
from export.importers.keras.keras2 import architecture
from export.source import integrity

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
        """The kind of a JSON file that holds a network without weights."""
        if path.suffix.lower() != ".json" or architecture.read(path) is None:
            return None
        return (
            "is the network of a Keras model without its weights. Give the .h5 file that holds them: "
            f"{path.stem}.h5, or any other beside this file when that is called {architecture.names(path)[1]}."
        )

    def check(self, path: Path) -> None:
        """Refuse a pointer in its place, what is too large or holds no network, and what holds Python code."""
        integrity.check_file(path)
        trial.check(path)

    def open(self, opening: Opening) -> Pipeline:
        """The pipeline of the SavedModel; the fingerprint is the file's own."""
        from export.importers.keras import file  # takes seconds with Keras

        return open_built(opening, file.save)


def _beside(weights: PurePosixPath, names: Collection[PurePosixPath]) -> bool:
    """Whether a file that may hold the network of a file with weights lies with it."""
    return any(weights.with_name(name) in names for name in architecture.names(weights))
