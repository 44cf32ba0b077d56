"""The proof of a file of any kind, and its metadata."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from export.features import required
from export.opening import Subject
from export.options import DEFAULT_TOLERANCE, Options
from export.verify import pictures
from export.verify.pictures import Picture
from export.version import version
from predictor import ModelInfo


def describe(subject: Subject, options: Options, tools: dict[str, str]) -> ModelInfo:
    """The metadata of a model's file, before it is proven. tools: what converts it, and what it is proven on."""
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
        tools=tools,
        requires=required(pipeline.decoding, pipeline.resizing),
        assumed=pipeline.assumed,
    )
    return replace(info, version=version(info, pipeline.preprocessing))


def tolerance(subject: Subject, options: Options) -> float:
    """The user's, else the usual one, or less than a step where that is less: of whole numbers each has to be equal."""
    if options.tolerance is not None:
        return options.tolerance
    return min(subject.pipeline.step / 2 or DEFAULT_TOLERANCE, DEFAULT_TOLERANCE)


def to_verify_on(options: Options) -> Sequence[Picture]:
    """The user's pictures for it, else those given to find the preprocessing, else made ones."""
    folder = options.images or options.samples or options.labelled
    return pictures.from_folder(folder) if folder else pictures.made()
