"""From a model to a verified file, or to the original's own answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.errors import first_line
from export.formats.registry import writer_of
from export.formats.writer import Written
from export.network import model_file
from export.opening import Subject, open_subject
from export.options import Options
from export.progress import Report
from export.source.source import Source
from export.verify.approximation import Approximation
from export.verify.parity import Verification
from export.verify.pictures import UNREADABLE
from predictor import ModelInfo, Prediction

Answer = list[Prediction] | str
"""The predictions for one picture, or why there are none."""


@dataclass(frozen=True)
class Export:
    """A finished file and what was found on the way."""

    path: Path
    subject: Subject
    written: Written

    @property
    def info(self) -> ModelInfo:
        """The metadata of the file."""
        return self.written.info

    @property
    def verification(self) -> Verification:
        """How it was proven."""
        return self.written.verification

    @property
    def approximation(self) -> Approximation | None:
        """The approximation that was made of it, where it is no longer what was verified."""
        return self.written.approximation

    @property
    def size(self) -> int:
        """The file's size in bytes."""
        return self.path.stat().st_size


def export_model(source: Source, target: Path, options: Options, report: Report) -> Export:
    """Export the model to the file `target`, whose suffix says what kind it is.

    Raises an ExportError, and leaves `target` as it was, unless the file is verified. The page that `options.report`
    asks for is written in both cases.
    """
    writer = writer_of(target)
    writer.check(options)
    if options.report:
        model_file.check_folder(options.report)
    with open_subject(source, options, report) as subject, model_file.replacing(target) as temporary:
        written = writer.write(subject, temporary, options, report)
    return Export(target, subject, written)


def inspect(source: Source, options: Options, report: Report) -> Subject:
    """The findings in the model; nothing is converted, and the model is closed again."""
    with open_subject(source, options, report) as subject:
        return subject


def predict(source: Source, images: Iterable[Path], options: Options, report: Report) -> Iterator[tuple[Path, Answer]]:
    """The original's own scores for pictures, by falling score, or why there are none; nothing is converted."""
    with open_subject(source, options, report) as subject:
        for image in images:
            yield image, _answer(subject, image)


def _answer(subject: Subject, image: Path) -> Answer:
    try:
        scores = subject.reference_model.scores(image.read_bytes())
    except OSError as error:
        return f"The file cannot be read: {error.strerror}."
    except UNREADABLE as error:
        return f"The original cannot read it: {first_line(error)}"
    best = np.argsort(-scores, kind="stable")
    return [Prediction(subject.labels.names[i], float(scores[i])) for i in best if not np.isnan(scores[i])]
