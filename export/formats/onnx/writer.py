"""The kind of file that the functions serve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from export.errors import ExportError
from export.formats.writer import Writer, Written
from export.options import Options
from export.progress import Report

if TYPE_CHECKING:
    from export.opening import Subject


class OnnxWriter(Writer):
    """A `.onnx` file, from image files to scores."""

    suffix = ".onnx"

    def check(self, options: Options) -> None:
        """It knows all options, but is not rounded to half precision."""
        if options.quantize == "float16":
            raise ExportError("--quantize float16 is for .tflite files; an .onnx file can be rounded to int8.")

    def write(self, subject: Subject, path: Path, options: Options, report: Report) -> Written:
        """Converted by tf2onnx, proven by onnxruntime."""
        from export.formats.onnx.making import make

        return make(subject, path, options, report)
