"""From an opened model to a verified `model.onnx`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import onnx
import tensorflow as tf
import tf2onnx

from export.errors import NotEqual
from export.formats import proving, reproducing
from export.formats.onnx.exported import OnnxExported
from export.formats.reproducing import Outcome
from export.formats.writer import Written
from export.network import network
from export.network.model_file import ModelFile
from export.network.parts import split_network_input
from export.opening import Subject
from export.options import Options
from export.progress import Report, announced
from export.report import page as report_page
from export.report.page import Exhibit
from export.verify.approximation import Plan, approximate
from export.verify.parity import Verifier
from predictor import runtime


def make(subject: Subject, path: Path, options: Options, report: Report) -> Written:
    """Write the file to `path`, and the page that `options.report` asks for; an ExportError unless it is verified."""
    expected = reproducing.read(options)
    report("Converting the network to ONNX", 0, None)
    network_model, before = _convert(subject)
    plan = Plan.of(options, subject.pipeline.decoding, network_model, before, report)
    info = proving.describe(subject, options, _tools())
    file = ModelFile(path, network_model)
    del network_model  # its weights are in the file and in the original
    file.describe(info)
    exported = OnnxExported(path, before)
    verifier = Verifier(subject.reference_model, exported, with_bounds=options.tolerance is None)
    verification = verifier.verify(announced("Verifying on pictures", proving.to_verify_on(options), report))
    info = replace(info, impossible_sizes=verification.sizes.impossible)
    tolerance = proving.tolerance(subject, options)
    failure = verification.failure(tolerance)
    outcome, approximation = Outcome(), None
    if expected and not failure:
        outcome = reproducing.outcome(exported.classifier, expected, subject, options, report)
        failure = outcome.failure
    if plan and not failure:
        approximation = approximate(file, info, before, subject.pipeline, plan, report)
        failure = approximation.failure
    if options.report:
        report("Writing the report", 0, None)
        exhibit, inputs = Exhibit(rows=outcome.rows, notes=outcome.notes), verifier.network_inputs
        report_page.write(options.report, subject, verification, approximation, tolerance, inputs, exhibit)
    if failure:
        raise NotEqual(failure)
    if approximation:
        return Written(approximation.info, verification, approximation, outcome.rows, outcome.notes)
    info = replace(info, parity=verification.parity, reproduction=outcome.described)
    file.describe(info)
    return Written(info, verification, None, outcome.rows, outcome.notes)


def _convert(subject: Subject) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """The network as it is shipped, and what stands before its first layer as a small model of its own."""
    model = subject.pipeline.convert()
    network.finish(model, subject.outputs, subject.reference_model.output_activation)
    return model, split_network_input(model)


def _tools() -> dict[str, str]:
    """The converters, and the runtime of the proof: elsewhere another version may answer otherwise in the last bits."""
    converters = {"tensorflow": tf.__version__, "tf2onnx": tf2onnx.__version__, "onnx": onnx.__version__}
    return converters | runtime.versions()
