"""The evaluation itself: from labelled pictures to what is known of the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from evaluation import folder, import_file
from evaluation.errors import BadLabels, EvaluationError
from evaluation.measured import Evaluation
from evaluation.picture import LabelledPicture
from evaluation.scoring import score_all
from predictor import ModelInfo

Report = Callable[[int, int], None]
"""Told how many pictures are done, of how many."""
TEST, ALL = "test", "all"


def read(address: Path) -> list[LabelledPicture]:
    """The pictures of a folder or of an import file; raises BadLabels."""
    try:
        return folder.read(address) if address.is_dir() else import_file.read(address)
    except OSError as error:
        raise BadLabels(str(address), f"it cannot be read: {error.strerror}.") from error


def chosen(pictures: Sequence[LabelledPicture], use: str | None) -> tuple[list[LabelledPicture], str]:
    """The pictures of that use, and its name; None is `test` where pictures are marked so, else all."""
    use = use or (TEST if any(picture.use == TEST for picture in pictures) else ALL)
    found = [picture for picture in pictures if use in (ALL, picture.use)]
    if not found:
        raise EvaluationError(f"No picture is marked for {use}. Leave --ml-use out to take those that are there.")
    return found, use


def measure(model: Path, info: ModelInfo, pictures: Sequence[LabelledPicture], report: Report) -> Evaluation:
    """Ask the model about every picture that has one of its labels; raises EvaluationError where none can be."""
    several = next((picture for picture in pictures if len(picture.labels) > 1), None)
    if several:
        named = ", ".join(map(repr, several.labels[:3]))
        raise EvaluationError(
            f"{several.address} has several labels ({named}). Only pictures with one label each can be evaluated."
        )
    measured, classes = Evaluation(info), {label: index for index, label in enumerate(info.labels)}
    known = []
    for picture in pictures:
        if not picture.labels:
            measured.unlabelled += 1
        elif picture.labels[0] in classes:
            known.append((picture, classes[picture.labels[0]]))
        else:
            measured.unknown[picture.labels[0]] += 1
    if not known:
        raise EvaluationError(_no_label_known(info, measured))
    scores = score_all(model, [(picture.address, index) for picture, index in known])
    for (picture, index), score in zip(known, scores):
        measured.add(picture, index, score)
        report(measured.pictures + measured.failed, len(known))
    if not measured.pictures:
        address, reason = measured.unreadable[0]
        raise EvaluationError(f"None of the {len(known):,} pictures could be classified. {address}: {reason}")
    return measured


def _no_label_known(info: ModelInfo, measured: Evaluation) -> str:
    there = ", ".join(map(repr, list(measured.unknown)[:3])) or "no labels"
    wanted = ", ".join(map(repr, info.labels[:3]))
    return (
        f"The model knows none of the labels of these pictures ({there}). Its own are {wanted} and so on, exactly so."
    )
