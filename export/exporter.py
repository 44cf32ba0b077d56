"""From a model to a verified `model.onnx`, or to the original's own answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import tensorflow as tf
import tf2onnx

from export import pictures
from export.approximation import Approximation, Plan, approximate
from export.errors import CannotConvert, NotEqual, first_line
from export.network import model_file, network
from export.network.model_file import ModelFile
from export.network.parts import split_network_input
from export.opening import Subject, open_subject
from export.options import DEFAULT_TOLERANCE, Options
from export.parity import Verification, Verifier
from export.pictures import UNREADABLE, Picture
from export.progress import Report, announced
from export.report import page as report_page
from export.source.source import Source
from export.version import version
from predictor import BadModel, Classifier, ModelInfo, Prediction, runtime

Answer = list[Prediction] | str
"""The predictions for one picture, or why there are none."""


@dataclass(frozen=True)
class Export:
    """A finished file and what was found on the way; `approximation` where it is no longer what was verified."""

    path: Path
    info: ModelInfo
    subject: Subject
    verification: Verification
    approximation: Approximation | None

    @property
    def size(self) -> int:
        """The file's size in bytes."""
        return self.path.stat().st_size


def export_model(source: Source, target: Path, options: Options, report: Report) -> Export:
    """Export the model to the file `target`.

    Raises an ExportError, and leaves `target` as it was, unless the file is verified. The page that `options.report`
    asks for is written in both cases.
    """
    if options.report:
        model_file.check_folder(options.report)
    with open_subject(source, options, report) as subject, model_file.replacing(target) as temporary:
        report("Converting the network to ONNX", 0, None)
        network_model, before = _convert(subject)
        plan = Plan.of(options, subject.pipeline.decoding, network_model, before, report)
        info = _describe(subject, options)
        file = ModelFile(temporary, network_model)
        del network_model  # its weights are in the file and in the original
        file.describe(info)
        verifier = Verifier(
            subject.original, _load(temporary), before.SerializeToString(), with_bounds=options.tolerance is None
        )
        verification = verifier.verify(announced("Verifying on pictures", _pictures(options), report))
        info = replace(info, impossible_sizes=verification.sizes.impossible)
        tolerance = _tolerance(subject, options)
        failure = verification.failure(tolerance)
        approximation = None
        if plan and not failure:
            approximation = approximate(file, info, before, subject.pipeline, plan, report)
            failure = approximation.failure
        if options.report:
            report("Writing the report", 0, None)
            report_page.write(options.report, subject, verification, approximation, tolerance, verifier.network_inputs)
        if failure:
            raise NotEqual(failure)
        if not approximation:
            info = replace(info, parity=verification.parity)
            file.describe(info)
    return Export(target, approximation.info if approximation else info, subject, verification, approximation)


def inspect(source: Source, options: Options, report: Report) -> Subject:
    """What is found in the model; nothing is converted, and the model is closed again."""
    with open_subject(source, options, report) as subject:
        return subject


def predict(source: Source, images: Iterable[Path], options: Options, report: Report) -> Iterator[tuple[Path, Answer]]:
    """The original's own scores for pictures, by falling score, or why there are none; nothing is converted."""
    with open_subject(source, options, report) as subject:
        for image in images:
            yield image, _answer(subject, image)


def _answer(subject: Subject, image: Path) -> Answer:
    try:
        scores = subject.original.scores(image.read_bytes())
    except OSError as error:
        return f"The file cannot be read: {error.strerror}."
    except UNREADABLE as error:
        return f"The original cannot read it: {first_line(error)}"
    best = np.argsort(-scores, kind="stable")
    return [Prediction(subject.labels.names[i], float(scores[i])) for i in best if not np.isnan(scores[i])]


def _convert(subject: Subject) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """The network as it is shipped, and what stands before its first layer as a small model of its own."""
    model = subject.pipeline.convert()
    network.finish(model, subject.outputs, subject.original.ending)
    return model, split_network_input(model)


def _describe(subject: Subject, options: Options) -> ModelInfo:
    pipeline = subject.pipeline
    info = ModelInfo(
        name=pipeline.name,
        version="",
        labels=subject.labels.names,
        activation=subject.activation,
        decoding=pipeline.decoding,
        resizing=pipeline.resizing,
        preprocessing=pipeline.steps,
        source=pipeline.source,
        drawing=options.drawing,
        tools=_tools(),
    )
    return replace(info, version=version(info, pipeline.recipe))


def _tools() -> dict[str, str]:
    """What converts, and what the proof runs on: elsewhere another version may answer otherwise in the last bits."""
    converters = {"tensorflow": tf.__version__, "tf2onnx": tf2onnx.__version__, "onnx": onnx.__version__}
    return converters | runtime.versions()


def _load(path: Path) -> Classifier:
    try:
        return Classifier.load(path)
    except BadModel as error:
        raise CannotConvert(f"onnxruntime cannot run the converted network: {error.__cause__ or error}") from error


def _tolerance(subject: Subject, options: Options) -> float:
    """The user's, else the usual one, or less than a step where that is less: of whole numbers each has to be equal."""
    if options.tolerance is not None:
        return options.tolerance
    return min(subject.pipeline.step / 2 or DEFAULT_TOLERANCE, DEFAULT_TOLERANCE)


def _pictures(options: Options) -> Sequence[Picture]:
    """What to verify on: the user's pictures for it, else those given to find the preprocessing, else made ones."""
    folder = options.images or options.samples or options.labelled
    return pictures.from_folder(folder) if folder else pictures.made()
