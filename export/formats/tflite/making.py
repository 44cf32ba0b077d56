"""From an opened model to a verified `model.tflite`."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import tensorflow as tf

from export.errors import CannotApproximate, CannotConvert, NotEqual
from export.formats import proving
from export.formats.tflite import rounding
from export.formats.tflite.copied_network import CopiedNetwork
from export.formats.tflite.exported import PhoneResize, TfliteExported, on_phone
from export.formats.tflite.graph_network import GraphNetwork
from export.formats.tflite.metadata import Description, described
from export.formats.tflite.network import Batch, PixelNetwork
from export.formats.writer import Row, Written
from export.graph.flatten import FlatGraph
from export.importers.pipeline import Pipeline
from export.opening import Subject
from export.options import Options
from export.progress import Report, announced
from export.report import page as report_page
from export.report.page import Exhibit
from export.source.tflite_metadata import TfliteMetadata
from export.verify.parity import Verification, Verifier
from export.verify.pictures import Picture
from predictor import ModelInfo, runtime

_NOT_SAID = (
    "a .tflite file cannot say how pictures are cropped, padded, resized, or turned upright by EXIF: for the "
    "original's scores the program that uses it has to do the steps above, up to the resize."
)


def make(subject: Subject, path: Path, options: Options, report: Report) -> Written:
    """Write the file to `path`, and the page that `options.report` asks for; an ExportError unless it is verified."""
    report("Converting the network to TFLite", 0, None)
    plan = rounding.Plan.of(options.quantize, options) if options.quantize else None
    network, info = _network(subject.pipeline), proving.describe(subject, options, _tools())
    file = _written(path, network.exact(subject.outputs, subject.reference_model.output_activation), network, info)
    verification = Verifier(subject.reference_model, file).verify(
        announced("Verifying on pictures", proving.to_verify_on(options), report)
    )
    tolerance = proving.tolerance(subject, options)
    failure = verification.failure(tolerance)
    approximation = None
    if plan and not failure:
        file = _rounded(path, rounding.rounded(network, subject, plan, report), network, info)
        approximation = rounding.judged(subject, file, info, plan, report)
        failure = approximation.failure
    rows = _rows(network, _on_phone(file, network, verification, report))
    if options.report:
        report("Writing the report", 0, None)
        exhibit = Exhibit("model.tflite", ("As in training", "Resized by MediaPipe"), rows, (_NOT_SAID,), False)
        inputs = partial(_fed, network)
        report_page.write(options.report, subject, verification, approximation, tolerance, inputs, exhibit)
    if failure:
        raise NotEqual(failure)
    return Written(info, verification, approximation, rows, (_NOT_SAID,), is_translated=False)


def _network(pipeline: Pipeline) -> PixelNetwork:
    if isinstance(pipeline.network, FlatGraph):
        return GraphNetwork(pipeline, pipeline.network)
    return CopiedNetwork(pipeline, pipeline.network)


def _written(path: Path, model: bytes, network: PixelNetwork, info: ModelInfo) -> TfliteExported:
    """Write the file with its metadata, and open it; CannotConvert where the labels cannot be said in it."""
    channels = network.shape[-1]
    path.write_bytes(described(model, Description(info.name, info.version, _in_words(info), channels, info.labels)))
    if TfliteMetadata.read(path).labels != info.labels:
        raise CannotConvert(
            "The labels of a .tflite file are lines of text, and these would be read otherwise: a name is empty, or "
            "holds the end of a line. Give others with --labels, or write an .onnx file."
        )
    return TfliteExported(path, network)


def _on_phone(file: TfliteExported, network: PixelNetwork, verification: Verification, report: Report) -> PhoneResize:
    compared = announced("Resizing as a phone does", verification.comparisons, report)
    return PhoneResize.measured(file, network, compared)


def _fed(network: PixelNetwork, picture: Picture) -> tuple[Batch, Batch]:
    """The input of the file for a picture: by the reference model's own steps, and by a phone's."""
    data = picture.read()
    return network.pixels(data), on_phone(network, data)


def _rounded(path: Path, model: bytes, network: PixelNetwork, info: ModelInfo) -> TfliteExported:
    try:
        return _written(path, model, network, info)
    except CannotConvert as error:
        raise CannotApproximate(f"The rounded network does not run: {error} Leave --quantize out.") from error


def _in_words(info: ModelInfo) -> str:
    steps = "; ".join(info.preprocessing)
    return f"An image classifier. In training pictures became what the network sees by: {steps}."


def _rows(network: PixelNetwork, phone: PhoneResize) -> tuple[Row, ...]:
    height, width, channels = network.shape
    takes = f"{np.dtype(network.dtype).name} [1, {height}, {width}, {channels}]"
    return (
        ("The file takes", (f"{takes}, resized pixels, 0 to 255; what stands before that is not in it",)),
        (
            "On a phone",
            (
                f"resized by MediaPipe, a bilinear stretch, scores differ by at most {phone.difference:.2g}, "
                f"top label {phone.agreeing} of {phone.pictures} the same",
            ),
        ),
    )


def _tools() -> dict[str, str]:
    """The converters, and the runtime of the proof."""
    return {"tensorflow": tf.__version__, "ai-edge-litert": version("ai-edge-litert")} | runtime.versions()
