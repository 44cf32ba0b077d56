"""An evaluation: the answers of a model compared with labels, in bounded size."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from evaluation.binomial import wilson
from evaluation.calibration import Calibration, calibrate
from evaluation.picture import LabelledPicture
from evaluation.scoring import Score
from evaluation.threshold import Scored
from predictor import ModelInfo

MOST_WRONG = 48
"""Wrong answers that are named, the most certain first."""
MOST_NAMED = 20
"""Pictures that could not be read, and labels that the model does not know, that are named."""


@dataclass(frozen=True, order=True)
class Wrong:
    """A wrong answer: how certain it is, what is in its place in the import file, and what was answered there."""

    score: float
    address: str
    known: str
    answered: str
    known_score: float


@dataclass(frozen=True)
class OfLabel:
    """One label: how many pictures have it, how many are answered with it, and for how many both are true."""

    label: str
    pictures: int
    answered: int
    right: int

    @property
    def precision(self) -> float | None:
        """The share of those answered with it that have it; None if none are."""
        return self.right / self.answered if self.answered else None

    @property
    def recall(self) -> float | None:
        """The share of those that have it that are answered with it; None if none have."""
        return self.right / self.pictures if self.pictures else None


@dataclass
class Evaluation:
    """Counts, the confusion of labels, and the pictures that are most certainly wrong."""

    info: ModelInfo
    confusion: Counter[tuple[int, int]] = field(default_factory=Counter)
    """How many pictures of a class are answered with a class."""
    wrong: list[Wrong] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    """The first that could not be classified, and why."""
    failed: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    """Labels that the model does not know, and how many pictures have them."""
    unlabelled: int = 0
    scores: list[float] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)

    def add(self, picture: LabelledPicture, known: int, score: Score) -> None:
        """Count one picture and its answer."""
        if score.reason:
            self.failed += 1
            if len(self.unreadable) < MOST_NAMED:
                self.unreadable.append((picture.address, score.reason))
            return
        labels = self.info.labels
        self.confusion[known, score.best] += 1
        self.scores.append(score.score)
        self.right.append(known == score.best)
        self.digests.append(score.digest)
        if known != score.best:
            wrong = Wrong(score.score, picture.address, labels[known], labels[score.best], score.known)
            (heapq.heappushpop if len(self.wrong) == MOST_WRONG else heapq.heappush)(self.wrong, wrong)

    @property
    def pictures(self) -> int:
        """How many were answered."""
        return len(self.scores)

    @property
    def correct(self) -> int:
        """How many were answered with the label that they have."""
        return sum(self.right)

    @property
    def accuracy(self) -> float:
        """The same as a share of the answered."""
        return self.correct / self.pictures

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval of 95 % for the accuracy."""
        return wilson(self.correct, self.pictures)

    @property
    def most_certainly_wrong(self) -> list[Wrong]:
        """The wrong answers with the highest scores: often the labels are wrong, not the answers."""
        return sorted(self.wrong, key=lambda one: (-one.score, one.address))

    def labels(self) -> list[OfLabel]:
        """Each of the model's labels, in its order."""
        pictures, answered = _sums(self.confusion, 0), _sums(self.confusion, 1)
        return [
            OfLabel(label, pictures[index], answered[index], self.confusion[index, index])
            for index, label in enumerate(self.info.labels)
        ]

    def confused(self) -> list[tuple[str, str, int]]:
        """Pairs of the label that pictures have and another that is answered, the most frequent first."""
        labels = self.info.labels
        pairs = [(number, known, best) for (known, best), number in self.confusion.items() if known != best]
        pairs.sort(key=lambda pair: (-pair[0], pair[1:]))
        return [(labels[known], labels[best], number) for number, known, best in pairs]

    def calibration(self) -> Calibration | None:
        """How scores and accuracy agree; None where scores are no shares from 0 to 1."""
        scores = np.array(self.scores)
        if not self.info.activation.startswith(("softmax", "sigmoid")) or (scores < 0).any() or (scores > 1).any():
            return None
        return calibrate(scores, np.array(self.right))

    def halves(self) -> tuple[Scored, Scored]:
        """Pictures to choose a score on, and others held out; equal files are one, always on the same side."""
        sides: tuple[list[int], list[int]] = ([], [])
        for index in _first_of_each(self.digests):
            sides[self.digests[index][0] & 1].append(index)
        scores, right = np.array(self.scores), np.array(self.right, bool)
        choosing, held_out = (Scored(scores[side], right[side]) for side in sides)
        return choosing, held_out


def _first_of_each(digests: Sequence[bytes]) -> Iterable[int]:
    seen: dict[bytes, int] = {}
    for index, digest in enumerate(digests):
        seen.setdefault(digest, index)
    return seen.values()


def _sums(confusion: Counter[tuple[int, int]], side: int) -> Counter[int]:
    found: Counter[int] = Counter()
    for pair, number in confusion.items():
        found[pair[side]] += number
    return found
