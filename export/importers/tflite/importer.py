"""`.tflite` files: a flatbuffer, with metadata and label files that may be packed behind it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from export.errors import Damaged
from export.importers.importer import Importer, Opening
from export.source import integrity
from export.source.labels import EmbeddedLabels

if TYPE_CHECKING:
    from export.importers.pipeline import Pipeline

_START = b"TFL3"  # after four bytes


class TfliteImporter(Importer):
    """A `.tflite` file."""

    name = "tflite"
    description = "a .tflite file"
    suffixes = (".tflite",)

    def embedded_labels(self, path: Path) -> EmbeddedLabels | None:
        """The labels that its metadata points to, or that are packed behind it."""
        from export.source.tflite_metadata import TfliteMetadata

        metadata = TfliteMetadata.read(path)
        if metadata.labels is None:
            return None
        return EmbeddedLabels(metadata.labels, f"{metadata.labels_file} in the model's file")

    def check(self, path: Path) -> None:
        """Refuse a pointer in its place, what is too large, and what does not begin as TFLite models do."""
        integrity.check_file(path)
        with path.open("rb") as file:
            if file.read(8)[4:] != _START:
                raise Damaged(path, "it does not begin as a TFLite model does")

    def open(self, opening: Opening) -> Pipeline:
        """The pipeline of its only picture and its only scores."""
        from export.importers.tflite.model import TfliteModel
        from export.importers.tflite.pipeline import tflite_pipeline

        model = TfliteModel(opening.path, opening.find_labels)
        return tflite_pipeline(model, opening.name, opening.options, opening.report)
