"""The scale, and the resize unless it was said, that answer best on pictures whose classes are known."""

from __future__ import annotations

from pathlib import Path

from export.errors import ExportError, MissingPreprocessing
from export.findings import Findings
from export.options import USUAL_RESIZES, PixelOptions
from export.preprocessing import ranking
from export.preprocessing.candidates import any_batch
from export.preprocessing.pixel_model import PixelModel, Recovered
from export.preprocessing.preprocessing import Preprocessing
from export.preprocessing.ranking import LabelledPicture, Result
from export.progress import Report
from export.verify.pictures import from_folder


def decide(
    model: PixelModel, preprocessing: Preprocessing, folder: Path, said: PixelOptions, report: Report
) -> Recovered:
    """The best scale and resize on the pictures in a folder that has one folder for each class.

    said: by the user, which holds for all candidates. Raises MissingPreprocessing, with the ranking, when the best
    scale is not clearly ahead of all others.
    """
    classes = len(model.score(any_batch(preprocessing)))
    labels = model.labels(classes)
    known = read(folder, labels.names if labels.source else None, classes)
    resizes = (preprocessing.resize,) if said.resize or not preprocessing.resize else USUAL_RESIZES
    results = ranking.rank(preprocessing, resizes, said.order, known, model.score, report)
    tables = (ranking.table(results),)
    best, why = _scale(results, Findings(tables=tables))
    assumption = next(
        r
        for r in results
        if r.preprocessing.scale == best.preprocessing.scale and r.preprocessing.resize == preprocessing.resize
    )
    if best.preprocessing.resize != preprocessing.resize and best.is_clearly_ahead_of(assumption):
        resize = f"resize {best.preprocessing.resize}: clearly more often right than {preprocessing.resize}"
        return Recovered(best.preprocessing, Findings((why, resize), tables), ("resize",))
    return Recovered(assumption.preprocessing, Findings((why,), tables))


def _scale(results: list[Result], findings: Findings) -> tuple[Result, str]:
    """The best result, and why its scale is taken; MissingPreprocessing with the findings unless it is clear."""
    best = results[0]
    second = next(result for result in results if result.preprocessing.scale != best.preprocessing.scale)
    scale, other = best.preprocessing.scale.name, second.preprocessing.scale.name
    if not best.is_clearly_ahead_of(second):
        raise MissingPreprocessing(
            f"On the labelled pictures the scale {scale} ({best.accuracy:.1%}) is not clearly better than {other} "
            f"({second.accuracy:.1%}). Give more pictures, or say --scale.",
            findings,
        )
    return best, f"scale {scale}: {best.accuracy:.1%} right on labelled pictures, {other} {second.accuracy:.1%}"


def read(folder: Path, names: tuple[str, ...] | None, classes: int) -> list[LabelledPicture]:
    """The pictures below `folder`, which has one folder for each class.

    names: the labels, which the folders are called by; without them the folders' order by name is the order of the
    scores, as Keras makes it. Raises ExportError where folders and classes do not fit.
    """
    folders = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if names is None and len(folders) != classes:
        raise ExportError(
            f"{folder} has {len(folders)} folders, but the model gives {classes} scores: name the classes with "
            "--labels."
        )
    numbers = {name: number for number, name in enumerate(names or [path.name for path in folders])}
    unknown = [path.name for path in folders if path.name not in numbers]
    if unknown or not folders:
        what = f"the folder {unknown[0]!r} is none of the labels" if unknown else "there are no folders, one a class"
        raise ExportError(f"{folder}: {what}.")
    return [LabelledPicture(picture, numbers[path.name]) for path in folders for picture in from_folder(path)]
