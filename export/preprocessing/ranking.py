"""Candidates for the preprocessing, ranked by how they answer on pictures whose classes are known."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from export.errors import ExportError
from export.findings import Table
from export.preprocessing.candidates import Preparation, usual_scales
from export.preprocessing.preprocessing import Preprocessing
from export.preprocessing.scale import Order
from export.progress import Report
from export.verify.pictures import UNREADABLE, Picture

Score = Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]
"""From a batch as the model takes it to the score of each class."""

_SMALLEST_SCORE = 1e-9


@dataclass(frozen=True)
class LabelledPicture:
    """A picture and the number of its class."""

    picture: Picture
    label: int


@dataclass
class Result:
    """How one candidate answered: for each picture whether it was right, and the score of the right class."""

    preprocessing: Preprocessing
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


def rank(
    preprocessing: Preprocessing,
    resizes: Iterable[str | None],
    order: Order | None,
    pictures: list[LabelledPicture],
    score: Score,
    report: Report,
) -> list[Result]:
    """Every usual scale with each of these resizes, best first; fit and size are those of `preprocessing`.

    order: of the channels, for all scales; None for each scale's usual one.
    """
    results = []
    for resize in resizes:
        step = f"Trying {resize or 'scales'} on labelled pictures"
        results += _results(usual_scales(replace(preprocessing, resize=resize), order), pictures, score, step, report)
    return sorted(results, key=lambda result: (result.accuracy, result.log_likelihood), reverse=True)


def _results(
    recipes: Mapping[str, Preprocessing], pictures: list[LabelledPicture], score: Score, step: str, report: Report
) -> list[Result]:
    results = {name: Result(preprocessing) for name, preprocessing in recipes.items()}
    for batches, label in _prepared(recipes, pictures, step, report):
        for name, batch in batches.items():
            scores = score(batch)
            results[name].right.append(int(scores.argmax()) == label)
            results[name].scores.append(float(scores[label]))
    return list(results.values())


def _prepared(
    recipes: Mapping[str, Preprocessing], pictures: list[LabelledPicture], step: str, report: Report
) -> Iterator[tuple[dict[str, npt.NDArray[Any]], int]]:
    prepare, count = Preparation(recipes), 0
    for done, labelled in enumerate(pictures):
        report(step, done, len(pictures))
        try:
            batches = prepare(labelled.picture.read())
        except UNREADABLE:
            continue
        count += 1
        yield batches, labelled.label
    report(step, len(pictures), len(pictures))
    if not count:
        raise ExportError("None of the labelled pictures can be read.")


def table(results: list[Result]) -> Table:
    """The ranking for a person."""
    rows = tuple(
        (
            result.preprocessing.scale.name,
            result.preprocessing.order,
            result.preprocessing.resize or "by the model",
            f"{result.accuracy:.1%}",
            f"{result.log_likelihood:.3f}",
        )
        for result in results
    )
    pictures = len(results[0].right)
    return Table(
        f"Accuracy on {pictures} labelled pictures", ("scale", "channels", "resize", "accuracy", "log likelihood"), rows
    )
