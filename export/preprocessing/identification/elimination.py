"""All recipes on the first picture, and on each further one those that are still near the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.expected.comparison import MEANINGS, Meaning
from export.preprocessing.identification.answers import AnsweredPicture, Answers, expected_scores
from export.preprocessing.identification.scoring import PictureScores, Steps
from export.preprocessing.preprocessing import Preprocessing
from export.preprocessing.ranking import Score
from export.progress import Report
from export.verify.pictures import UNREADABLE

CLEAR = 10.0
"""How many tolerances away a recipe is certainly not the one: it is not tried on further pictures."""


@dataclass(frozen=True)
class Searched:
    """All recipes with how far each is from the answers, in tolerances: at least, for those that went early.

    pictures: how many were looked at. variation: how much the scores vary between them, by the nearest recipe.
    failed_at: the picture after which no recipe was left.
    """

    recipes: tuple[Preprocessing, ...]
    distances: npt.NDArray[np.float64]
    meanings: npt.NDArray[np.int64]
    tolerances: npt.NDArray[np.float64]
    pictures: int
    variation: float
    failed_at: str = ""

    def fitting(self) -> list[int]:
        """The recipes within the tolerance."""
        return [int(index) for index in np.flatnonzero(self.distances <= 1)]

    def nearest(self, among: Sequence[int]) -> int:
        """The nearest of some recipes."""
        return min(among, key=lambda index: float(self.distances[index]))

    def meaning(self, index: int) -> Meaning:
        """The meaning of the numbers in which a recipe is that near."""
        return MEANINGS[self.meanings[index]]

    def difference(self, index: int) -> float:
        """How far a recipe is from the answers, as a score."""
        return float(self.distances[index] * self.tolerances[self.meanings[index]])


class Search:
    """One search through recipes; `score` is the model. in_any_order: whatever label the scores are said to be of."""

    def __init__(
        self, recipes: Sequence[Preprocessing], score: Score, labels: Sequence[str], *, in_any_order: bool = False
    ) -> None:
        self._recipes, self._score, self._labels = tuple(recipes), score, labels
        self._in_any_order = in_any_order
        self._steps = Steps(recipes)

    def through(self, answers: Answers, report: Report) -> Searched:
        """Picture by picture; one that no recipe can read is left out."""
        apart = np.where(answers.meanings(len(self._labels)), 0.0, np.full([len(self._recipes), 1], np.inf))
        seen: dict[int, list[npt.NDArray[np.float32]]] = {index: [] for index in range(len(self._recipes))}
        pictures, failed_at = 0, ""
        for one in answers.seen:
            found, scores = self._distances(one, list(seen), answers, report)
            if not np.isfinite(found).any() and not scores:
                continue
            pictures += 1
            apart[list(seen)] = np.maximum(apart[list(seen)], found)
            seen = {index: [*seen[index], scores[index]] for index in seen if apart[index].min() < CLEAR}
            if not seen:
                failed_at = one.picture.name
                break
        distances = apart.min(axis=1)
        if not pictures:
            distances[:] = np.inf
        best = min(seen, key=lambda index: float(distances[index]), default=None)
        variation = 0.0 if best is None else float(np.ptp(np.stack(seen[best]), axis=0).max()) if pictures else 0.0
        return Searched(
            self._recipes, distances, apart.argmin(axis=1), answers.tolerances(), pictures, variation, failed_at
        )

    def _distances(
        self, one: AnsweredPicture, alive: list[int], answers: Answers, report: Report
    ) -> tuple[npt.NDArray[np.float64], dict[int, npt.NDArray[np.float32]]]:
        """The distance of each in each meaning, and the scores of those that can read the picture."""
        expected = expected_scores(one.answer, self._labels, in_any_order=self._in_any_order)
        tolerances = answers.tolerances()
        scores_of = PictureScores(one.picture.read(), self._steps, self._score)
        distances = np.full([len(alive), len(MEANINGS)], np.inf)
        scores: dict[int, npt.NDArray[np.float32]] = {}
        step = f"Trying {len(self._recipes):,} recipes on {one.picture.name}"
        for done, index in enumerate(alive):
            report(step, done, len(alive))
            try:
                scores[index] = scores_of(self._recipes[index])
            except UNREADABLE:
                continue
            for meaning, said in enumerate(expected):
                if said is not None:
                    ours = np.sort(scores[index]) if self._in_any_order else scores[index]
                    difference = np.abs(ours[said[0]] - said[1]).max()
                    distances[done, meaning] = difference / tolerances[meaning]
        report(step, len(alive), len(alive))
        return distances, scores
