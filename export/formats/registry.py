"""The kinds of file that are written: the one list of them."""

from __future__ import annotations

from pathlib import Path

from export.errors import ExportError
from export.formats.onnx.writer import OnnxWriter
from export.formats.tflite.writer import TfliteWriter
from export.formats.writer import Writer

WRITERS: dict[str, Writer] = {writer.suffix: writer for writer in (OnnxWriter(), TfliteWriter())}


def writer_of(path: Path) -> Writer:
    """The writer of files with this suffix; ExportError where there is none."""
    if writer := WRITERS.get(path.suffix.lower()):
        return writer
    raise ExportError(f"{path}: the suffix says what is written, and can be {' or '.join(WRITERS)}.")
