"""A source of any kind, opened as a pipeline, with its classes named and its ending known."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from export import pictures
from export.errors import ExportError, MissingPreprocessing, NotAClassifier, first_line
from export.evidence import Evidence
from export.graph.saved_model import SavedModel
from export.kinds import keras_file
from export.kinds.original import Original, check_alike
from export.kinds.pipeline import Pipeline
from export.kinds.saved_model_pipeline import saved_model_pipeline
from export.kinds.tflite import TfliteModel
from export.kinds.tflite_pipeline import tflite_pipeline
from export.network.ending import Ending
from export.options import Options
from export.pictures import UNREADABLE
from export.progress import Report
from export.source import labels, maker
from export.source.fingerprint import fingerprint
from export.source.labels import Labels
from export.source.source import Source, open_source
from export.source.tflite_metadata import TfliteMetadata

LOOKED_AT = 4  # pictures whose values show what kind of output it is


@dataclass(frozen=True)
class Subject:
    """What is exported: the pipeline, the labels in the order of its scores, and how many outputs make them."""

    pipeline: Pipeline
    labels: Labels
    outputs: int

    @property
    def original(self) -> Original:
        """The original, which knows its ending."""
        return self.pipeline.original

    @property
    def activation(self) -> str:
        """What makes the scores in the end."""
        return self.original.ending.value or self.pipeline.activation or "none"


@contextmanager
def open_subject(source: str, options: Options, report: Report) -> Iterator[Subject]:
    """Open what is at a path or `gs://` address, for as long as the block runs; raises an ExportError."""
    with open_source(source, report) as found, ExitStack() as stack:
        report("Opening the model", 0, None)
        try:
            pipeline = _pipeline(found, options, stack, report)
        except MissingPreprocessing as missing:
            raise _with_proposal(missing, source, found) from missing
        yield _subject(_with_hint(pipeline, source, found, options), found, options)


def _with_proposal(missing: MissingPreprocessing, model: str, source: Source) -> MissingPreprocessing:
    """With the command to give, where the model's maker is recognised."""
    recognised = maker.recognise(model, source, missing.evidence.sentences)
    return MissingPreprocessing(f"{missing} {recognised.proposal(model)}", missing.evidence) if recognised else missing


def _with_hint(pipeline: Pipeline, model: str, source: Source, options: Options) -> Pipeline:
    """The same where nobody said how pixels were made, and something was assumed."""
    if pipeline.recipe is None or options.pixels.given():
        return pipeline
    names = (*pipeline.signatures, f"{pipeline.source.input} {pipeline.recipe.layout} to {pipeline.source.output}")
    recognised = maker.recognise(model, source, names)
    if recognised is None:
        return pipeline
    return replace(pipeline, evidence=pipeline.evidence.and_(Evidence((recognised.proposal(model),))))


def _pipeline(source: Source, options: Options, stack: ExitStack, report: Report) -> Pipeline:
    def find(classes: int) -> Labels:
        return _given_or_found(source, options, classes)

    name = options.name or source.name
    if source.kind == "tflite":
        return tflite_pipeline(TfliteModel(source.path, find), name, options, report)
    folder = source.path
    if source.kind == "keras":
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="export-")))
        keras_file.save(source.path, folder)
    model = stack.enter_context(SavedModel(folder))
    pipeline = saved_model_pipeline(model, name, options, find, report)
    if source.kind == "keras":
        return replace(pipeline, source=replace(pipeline.source, fingerprint=fingerprint([source.path])))
    return pipeline


def _subject(pipeline: Pipeline, source: Source, options: Options) -> Subject:
    """Look at the values for a few pictures, and from them at how they end and how many classes there are."""
    original = pipeline.original
    seen = _looked_at(original)
    outputs = seen[0].size
    if options.activation:
        original.ending = Ending.said(options.activation, outputs)
    else:
        original.ending = Ending.of(np.stack(seen), pipeline.activation)
    labels = _labels(pipeline, source, options, original.ending.classes(outputs))
    if source.kind == "tflite" and not (options.activation or labels.source):
        _check_scores(np.stack(seen), pipeline.activation)
    return Subject(pipeline, labels, outputs)


def _check_scores(values: npt.NDArray[Any], activation: str) -> None:
    """Refuse the numbers of a model without labels that nothing shows to be scores."""
    if activation in ("softmax", "sigmoid") or Ending.are_probabilities(values):
        return
    raise NotAClassifier(
        f"The model gives {values.shape[1]} numbers for a picture, and nothing says that they are scores: no softmax "
        "or sigmoid makes them, and no labels are found. They may be features, for another model to use. If they are "
        "scores, say --activation softmax, sigmoid or none, or give their names with --labels."
    )


def _looked_at(original: Original) -> list[npt.NDArray[Any]]:
    """The values for a few pictures that the original can read; the first of them it answers alike twice."""
    found: list[npt.NDArray[Any]] = []
    for picture in pictures.made():
        data = picture.read()
        try:
            values = original.values(data)
        except UNREADABLE as error:
            reason = error
            continue
        if not found:
            check_alike(values, original.values(data))
        found.append(values)
        if len(found) == LOOKED_AT:
            return found
    if not found:
        raise ExportError(
            f"The original answers none of the JPEG and PNG files made to test it: {first_line(reason)} See whether it "
            "answers for a picture in TensorFlow itself."
        )
    return found


def _labels(pipeline: Pipeline, source: Source, options: Options, classes: int) -> Labels:
    """The labels in the user's file, else the model's own, else in a file with it, else made up."""
    if not options.labels and (own := pipeline.own_labels(classes)):
        return labels.check(own.names, classes, own.source)
    return _given_or_found(source, options, classes)


def _given_or_found(source: Source, options: Options, classes: int) -> Labels:
    if options.labels:
        return labels.read(options.labels, classes)
    metadata = TfliteMetadata.read(source.path) if source.kind == "tflite" else None
    return labels.find(source.labels_folders, metadata, classes)
