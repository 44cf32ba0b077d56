"""Which preprocessing answers best on pictures whose classes are known."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from export.candidates import Preparation, usual_scales
from export.errors import ExportError
from export.evidence import Table
from export.options import RESIZES
from export.original import UNREADABLE
from export.pictures import Picture, from_folder
from export.progress import Report
from export.recipe import Recipe

Score = Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]
"""From a batch as the model takes it to the score of each class."""

_SMALLEST_SCORE = 1e-9


@dataclass(frozen=True)
class LabelledPicture:
    """A picture and the number of its class."""

    picture: Picture
    label: int


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


@dataclass
class Result:
    """How one candidate answered: for each picture whether it was right, and the score of the right class."""

    recipe: Recipe
    right: list[bool] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)

    @property
    def accuracy(self) -> float:
        """The share of pictures whose best label is the right one."""
        return float(np.mean(self.right))

    @property
    def log_likelihood(self) -> float:
        """The mean logarithm of the right class's score: it tells apart what is equally often right."""
        return float(np.mean(np.log(np.maximum(self.scores, _SMALLEST_SCORE))))

    def is_clearly_ahead_of(self, other: Result) -> bool:
        """McNemar: of the pictures that only one of them gets right, it gets two standard deviations more."""
        only_self = sum(mine and not theirs for mine, theirs in zip(self.right, other.right))
        only_other = sum(theirs and not mine for mine, theirs in zip(self.right, other.right))
        return bool(only_self - only_other > 2 * math.sqrt(only_self + only_other))


def rank(recipe: Recipe, pictures: list[LabelledPicture], score: Score, report: Report) -> list[Result]:
    """Every usual scale with every resize, best first; what `recipe` says of fit and size holds for all."""
    resizes = RESIZES if recipe.resize else (None,)
    results = []
    for done, resize in enumerate(resizes):
        report("Trying preprocessings on labelled pictures", done, len(resizes))
        results += _results(usual_scales(replace(recipe, resize=resize)), pictures, score)
    report("Trying preprocessings on labelled pictures", len(resizes), len(resizes))
    return sorted(results, key=lambda result: (result.accuracy, result.log_likelihood), reverse=True)


def _results(recipes: Mapping[str, Recipe], pictures: list[LabelledPicture], score: Score) -> list[Result]:
    results = {name: Result(recipe) for name, recipe in recipes.items()}
    for batches, label in _prepared(recipes, pictures):
        for name, batch in batches.items():
            scores = score(batch)
            results[name].right.append(int(scores.argmax()) == label)
            results[name].scores.append(float(scores[label]))
    return list(results.values())


def _prepared(
    recipes: Mapping[str, Recipe], pictures: list[LabelledPicture]
) -> Iterator[tuple[dict[str, npt.NDArray[Any]], int]]:
    prepare, count = Preparation(recipes), 0
    for labelled in pictures:
        try:
            batches = prepare(labelled.picture.read())
        except UNREADABLE:
            continue
        count += 1
        yield batches, labelled.label
    if not count:
        raise ExportError("None of the labelled pictures can be read.")


def table(results: list[Result]) -> Table:
    """The ranking for a person."""
    rows = tuple(
        (
            result.recipe.scale.name,
            result.recipe.order,
            result.recipe.resize or "by the model",
            f"{result.accuracy:.1%}",
            f"{result.log_likelihood:.3f}",
        )
        for result in results
    )
    pictures = len(results[0].right)
    return Table(
        f"Accuracy on {pictures} labelled pictures", ("scale", "channels", "resize", "accuracy", "log likelihood"), rows
    )
