"""A source of any kind, opened as a pipeline, with its classes named and its ending known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from export.errors import ExportError, MissingPreprocessing, NotAClassifier, first_line
from export.findings import Findings
from export.importers.importer import Opening
from export.importers.pipeline import Pipeline
from export.importers.reference_model import ReferenceModel, check_alike
from export.network.output_activation import OutputActivation
from export.options import Options
from export.progress import Report
from export.source import discovery, labels, maker
from export.source.labels import Labels
from export.source.source import Source
from export.verify import pictures
from export.verify.pictures import UNREADABLE

LOOKED_AT = 4  # pictures whose values show what kind of output it is


@dataclass(frozen=True)
class Subject:
    """The subject of an export: the pipeline, the labels in the order of its scores, and how many outputs make them.

    notes: sentences about what a person should not overlook.
    """

    pipeline: Pipeline
    labels: Labels
    outputs: int
    notes: tuple[str, ...] = ()

    @property
    def reference_model(self) -> ReferenceModel:
        """The original, which knows its ending."""
        return self.pipeline.reference_model

    @property
    def activation(self) -> str:
        """The activation that makes the scores in the end."""
        return self.reference_model.output_activation.value or self.pipeline.activation or "none"


@contextmanager
def open_subject(source: Source, options: Options, report: Report) -> Iterator[Subject]:
    """Open the model for as long as the block runs; raises an ExportError."""
    with ExitStack() as stack:
        report("Opening the model", 0, None)
        try:
            pipeline = _pipeline(source, options, stack, report)
        except MissingPreprocessing as missing:
            if options.expected:  # which says more than names do
                raise
            raise _with_proposal(missing, source) from missing
        yield _subject(_with_hint(pipeline, source, options), source, options)


def _with_proposal(missing: MissingPreprocessing, source: Source) -> MissingPreprocessing:
    """With the command to give, where the model's maker is recognised."""
    found = maker.recognise(source, missing.findings.sentences)
    return MissingPreprocessing(f"{missing} {found.proposal(source.given)}", missing.findings) if found else missing


def _with_hint(pipeline: Pipeline, source: Source, options: Options) -> Pipeline:
    """The same where nobody said how pixels were made, and something was assumed."""
    if pipeline.preprocessing is None or options.pixels.explicit() or options.expected:
        return pipeline
    names = (
        *pipeline.signatures,
        f"{pipeline.source.input} {pipeline.preprocessing.layout} to {pipeline.source.output}",
    )
    if found := maker.recognise(source, names):
        return replace(pipeline, findings=pipeline.findings.and_(Findings((found.proposal(source.given),))))
    return pipeline


def _pipeline(source: Source, options: Options, stack: ExitStack, report: Report) -> Pipeline:
    def find(classes: int) -> Labels:
        return _given_or_found(source, options, classes)

    return source.importer.open(Opening(source.path, options.name or source.name, options, find, stack, report))


def _subject(pipeline: Pipeline, source: Source, options: Options) -> Subject:
    """Look at the values for a few pictures, and from them at how they end and how many classes there are."""
    seen = _looked_at(pipeline.reference_model)
    outputs = seen[0].size
    if options.activation:
        output_activation = OutputActivation.said(options.activation, outputs)
    else:
        output_activation = OutputActivation.of(np.stack(seen), pipeline.activation)
    pipeline = replace(pipeline, reference_model=pipeline.reference_model.ended(output_activation))
    labels = _labels(pipeline, source, options, output_activation.classes(outputs))
    if pipeline.may_be_features and not (options.activation or labels.source):
        _check_scores(np.stack(seen), pipeline.activation)
    return Subject(pipeline, labels, outputs, tuple(_notes_on_name(pipeline.name)))


def _notes_on_name(name: str) -> Iterator[str]:
    if discovery.says_nothing(name):
        yield f"the model is called {name}, as many are; give it a name of its own with --name."


def _check_scores(values: npt.NDArray[Any], activation: str) -> None:
    """Refuse the numbers of a model without labels that nothing shows to be scores."""
    if activation in ("softmax", "sigmoid") or OutputActivation.are_probabilities(values):
        return
    raise NotAClassifier(
        f"The model gives {values.shape[1]} numbers for a picture, and nothing says that they are scores: no softmax "
        "or sigmoid makes them, and no labels are found. They may be features, for another model to use. If they are "
        "scores, say --activation softmax, sigmoid or none, or give their names with --labels."
    )


def _looked_at(reference_model: ReferenceModel) -> list[npt.NDArray[Any]]:
    """The values for a few pictures that the original can read; the first of them it answers alike twice."""
    found: list[npt.NDArray[Any]] = []
    for picture in pictures.made():
        data = picture.read()
        try:
            values = reference_model.values(data)
        except UNREADABLE as error:
            reason = error
            continue
        if not found:
            check_alike(values, reference_model.values(data))
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
    found = labels.find(source.labels_folders, source.importer.embedded_labels(source.path), classes)
    if not (origin := source.origin):
        return found
    return replace(found, source=origin.named(found.source), notes=tuple(map(origin.named, found.notes)))
