"""The kinds of source that are read: the one list of them."""

from __future__ import annotations

from export.importers.importer import Importer
from export.importers.keras.importer import KerasImporter
from export.importers.saved_model.importer import SavedModelImporter
from export.importers.tensorflow_js.importer import TensorFlowJsImporter
from export.importers.tflite.importer import TfliteImporter

IMPORTERS: tuple[Importer, ...] = (SavedModelImporter(), TfliteImporter(), KerasImporter(), TensorFlowJsImporter())

SUFFIXES = tuple(suffix for importer in IMPORTERS for suffix in importer.suffixes)
"""Of all files that are models."""
