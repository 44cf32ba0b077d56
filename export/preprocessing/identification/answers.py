"""The answers that somebody saw, each with its picture, as the search compares them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from evaluation.errors import EvaluationError
from evaluation.expected import reader
from evaluation.expected.answers import ExpectedAnswer, tolerance
from evaluation.expected.comparison import AS_WRITTEN, MEANINGS, classes_by_name
from evaluation.expected.matching import Pictures
from evaluation.reading import Unreadable, read
from evaluation.summary import printable
from export.errors import ExportError
from export.verify.pictures import Picture
from predictor import BadImage, Limits

MOST_PICTURES = 24
"""That are searched with: all recipes but a few are gone after two or three."""
MOST_LOOKED_AT = 200
"""Of which those are chosen."""
SATURATED = 0.98
"""A score over this hardly tells recipes apart."""
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class AnsweredPicture:
    """A picture and the answer for it. ratio: its width by its height. is_turned: by EXIF."""

    picture: Picture
    answer: ExpectedAnswer
    size: tuple[int, int]
    is_turned: bool

    @property
    def is_saturated(self) -> bool:
        """Whether one class has all of the score."""
        best = max(map(float, self.answer.scores.values()))
        return SATURATED < best <= 1 or SATURATED * 100 < best <= 100


@dataclass(frozen=True)
class Answers:
    """Those that are searched with, the most telling first. decimals: of all. step: of scores in whole numbers."""

    seen: tuple[AnsweredPicture, ...]
    decimals: int
    step: float = 0.0

    def meanings(self, classes: int) -> npt.NDArray[np.bool_]:
        """Which of MEANINGS the numbers can have: one that they do not look like would fit saturated scores."""
        written = [np.array([float(score) for score in one.answer.scores.values()]) for one in self.seen]
        least, most = min(one.min() for one in written), max(one.max() for one in written)
        sums = np.array([one.sum() for one in written if len(one) == classes])
        is_percent = bool(len(sums) == len(written) and np.abs(sums - 100).max() < 1)
        is_share = least >= 0 and most <= 1
        possible = {
            AS_WRITTEN: not is_percent,
            "percent": least >= 0 and 1 < most <= 100,
            "logits": not is_share and not is_percent,
        }
        return np.array([possible[meaning.name] for meaning in MEANINGS])

    def tolerances(self) -> npt.NDArray[np.float64]:
        """How far a score may lie from what was written, in each meaning; a whole number has to be the same."""
        return np.array([max(tolerance(meaning.decimals(self.decimals)), self.step / 2) for meaning in MEANINGS])


def find(file: Path, folder: Path, side_ratio: float, step: float) -> Answers:
    """The answers in a file whose pictures are found; ExportError where there are none."""
    try:
        expected, pictures = reader.read(file), Pictures(folder)
    except EvaluationError as error:
        raise ExportError(str(error)) from error
    found = [(answer, address) for answer in expected.answers if (address := pictures.address(answer.picture))]
    seen = [one for answer, address in found[:MOST_LOOKED_AT] if (one := _seen(answer, address))]
    if not seen:
        raise ExportError(
            f"None of the {len(expected.answers):,} pictures of {file} is found in {folder}, the first of which is "
            f"{printable(expected.answers[0].picture)}."
        )
    return Answers(tuple(_most_telling_first(seen, side_ratio)[:MOST_PICTURES]), expected.decimals, step)


def _seen(answer: ExpectedAnswer, address: str) -> AnsweredPicture | None:
    load = partial(read, address, Limits())
    try:
        with Image.open(io.BytesIO(load())) as image:
            turned = image.getexif().get(_ORIENTATION, 1) not in (0, 1)
            return AnsweredPicture(Picture(printable(answer.picture), load), answer, image.size, turned)
    except (BadImage, Unreadable, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _most_telling_first(seen: Sequence[AnsweredPicture], side_ratio: float) -> list[AnsweredPicture]:
    """The first goes through all recipes: not turned, for that doubles them, of another shape, not saturated, small."""

    def dullness(one: AnsweredPicture) -> tuple[bool, bool, bool, int]:
        width, height = one.size
        return one.is_turned, one.is_saturated, abs(width / height - side_ratio) < 0.02, width * height

    first, *others = sorted(seen, key=dullness)
    return [first, *sorted(others, key=lambda one: (not one.is_turned, dullness(one)))]


def expected_scores(
    answer: ExpectedAnswer, labels: Sequence[str], *, in_any_order: bool = False
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]] | None]:
    """The classes and their scores in each meaning of the numbers; None where it cannot be meant so.

    in_any_order: the sorted scores, whatever they are of, to be compared with sorted ones.
    """
    classes = classes_by_name(labels)
    numbers = [classes.get(label, len(labels)) for label in answer.scores]
    if max(numbers) >= len(labels):
        return [None] * len(MEANINGS)
    written = np.array([float(score) for score in answer.scores.values()])
    indices = np.array(numbers, np.int64)
    if in_any_order:
        if len(written) != len(labels):
            return [None] * len(MEANINGS)
        indices, written = np.arange(len(labels)), np.sort(written)
    return [
        None if meaning.needs_all and len(written) != len(labels) else (indices, meaning.expected(written))
        for meaning in MEANINGS
    ]
