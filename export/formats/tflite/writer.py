"""The kind of file that phones and small computers run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from export.errors import ExportError
from export.formats.writer import Writer, Written
from export.options import Options
from export.progress import Report

if TYPE_CHECKING:
    from export.opening import Subject


class TfliteWriter(Writer):
    """A `.tflite` file, from resized pixels to scores."""

    suffix = ".tflite"

    def check(self, options: Options) -> None:
        """The options that concern image files or the functions' page mean nothing for it."""
        if options.reduced_jpeg:
            raise ExportError("--reduced-jpeg is for .onnx files: a .tflite file takes pixels, and decodes no JPEG.")
        if options.expected:
            raise ExportError("--expected is for .onnx files, which are compared with the answers from files on.")
        if options.drawing:
            raise ExportError("--drawing is for .onnx files: it is the functions' page that offers a canvas.")

    def write(self, subject: Subject, path: Path, options: Options, report: Report) -> Written:
        """Converted by TensorFlow, or copied, and proven by LiteRT."""
        from export.formats.tflite.making import make

        return make(subject, path, options, report)
