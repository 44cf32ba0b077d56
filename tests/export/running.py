"""The exporter as the command line runs it, without its terminal."""

from __future__ import annotations

from pathlib import Path

from export import exporter
from export.exporter import Export
from export.opening import Subject
from export.options import Options
from export.source.source import open_source


def silent(step: str, done: int, total: int | None) -> None:
    """Report to nobody."""


def exported(source: Path, target: Path, options: Options) -> Export:
    """The file that a model becomes; raises an ExportError."""
    with open_source(str(source), silent) as found:
        return exporter.export_model(found, target, options, silent)


def inspected(source: Path, options: Options) -> Subject:
    """What is found in a model; raises an ExportError."""
    with open_source(str(source), silent) as found:
        return exporter.inspect(found, options, silent)
