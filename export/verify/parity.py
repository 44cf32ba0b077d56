"""The proof that the finished file answers as the original does, picture by picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from export.errors import NotEqual, first_line
from export.exported import Exported
from export.importers.reference_model import Bounds, ReferenceModel
from export.verify.pictures import UNREADABLE, Picture
from export.verify.sizes import Sizes, measure
from predictor import BadImage, Parity, UnclassifiableImage
from predictor.classifier import Scores

SMALLEST_SPREAD = 1e-3
"""Scores that differ by less than this between all pictures say nothing about equality."""
LARGEST_REMEDY = 0.05
"""Beyond it no tolerance is proposed: what differs by more is another model."""


@dataclass(frozen=True)
class Comparison:
    """One picture, answered by both; the original's scores are NaN where it does not say them.

    bounds: where the original has no single answer, within which the exported scores have to lie.
    """

    picture: Picture
    reference_model: Scores
    exported: Scores
    identical_input: bool
    bounds: Bounds | None = None

    @property
    def difference(self) -> float:
        """The largest absolute difference of a score; infinite when one of them is not a number."""
        said = ~np.isnan(self.reference_model)
        difference = (
            float(np.max(np.abs(self.reference_model - self.exported)[said], initial=0)) if said.any() else np.inf
        )
        return difference if np.isfinite(difference) else float("inf")

    @property
    def labels(self) -> tuple[int, int]:
        """The best class of the original, and of the exported model."""
        return int(np.nanargmax(self.reference_model)), int(self.exported.argmax())

    @property
    def spread(self) -> float:
        """How far the original's own answers for a score lie apart; 0 where it has one."""
        return float(np.max(self.bounds[1] - self.bounds[0])) if self.bounds else 0.0

    def agrees(self, tolerance: float) -> bool:
        """Whether both choose the same class, or two that the original puts within twice the tolerance."""
        chosen, other = self.labels
        if self.bounds:
            return bool(self.bounds[1][other] >= self.bounds[0][chosen])
        return bool(chosen == other or self.reference_model[chosen] - self.reference_model[other] <= 2 * tolerance)

    def is_equal(self, tolerance: float) -> bool:
        """Whether no score differs by more than the tolerance, nor lies outside the bounds, if there are any."""
        if self.bounds:
            least, greatest = self.bounds
            return bool(np.all(self.exported >= least) and np.all(self.exported <= greatest))
        return self.difference <= tolerance


@dataclass(frozen=True)
class LeftOut:
    """A picture that was not compared, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Verification:
    """All comparisons, and the pictures left out: those that the original, or only the exported file, cannot read.

    sizes: of the smallest pictures those that cannot be taken.
    """

    comparisons: tuple[Comparison, ...]
    unreadable: tuple[LeftOut, ...]
    refused: tuple[LeftOut, ...]
    sizes: Sizes

    @property
    def parity(self) -> Parity:
        """The figures that the model file carries."""
        count = len(self.comparisons)
        same = sum(chosen == other for chosen, other in (c.labels for c in self.comparisons))
        return Parity(
            pictures=count,
            max_score_difference=max(c.difference for c in self.comparisons),
            top1_agreement=float(same / count),
            identical_inputs=sum(c.identical_input for c in self.comparisons) / count,
        )

    @property
    def says_little(self) -> bool:
        """Whether the scores hardly vary between the pictures, so that only the network's input was compared."""
        scores = np.stack([c.reference_model for c in self.comparisons])
        spreads = np.fmax.reduce(scores) - np.fmin.reduce(scores)  # NaN for a class that is never said
        return bool(np.fmax.reduce(spreads) < SMALLEST_SPREAD)

    @property
    def spread(self) -> float:
        """How far the original's own answers for a score of a picture lie apart at most."""
        return max(c.spread for c in self.comparisons)

    def worst_first(self, tolerance: float) -> list[Comparison]:
        """Other labels before equal ones, then by falling difference."""
        return sorted(self.comparisons, key=lambda c: (c.agrees(tolerance), c.is_equal(tolerance), -c.difference))

    def failure(self, tolerance: float) -> str:
        """Why it is no proof: a score is off by more than `tolerance` or a label is another; empty when it is one."""
        worst = self.worst_first(tolerance)[0]
        if worst.agrees(tolerance) and worst.is_equal(tolerance):
            return ""
        what = "chooses the same label" if worst.agrees(tolerance) else "chooses another label"
        allowed = f"original's own answers {worst.spread:.2g} apart" if worst.bounds else f"tolerance {tolerance:.2g}"
        return (
            f"The exported model does not answer as the original does. Worst is {worst.picture.name}: it {what}, and a "
            f"score differs by {worst.difference:.2g} ({allowed}). No file was written.{self._remedy(worst, tolerance)}"
        )

    def _remedy(self, worst: Comparison, tolerance: float) -> str:
        """The tolerance that would do, where the same labels are chosen and no score is far off."""
        largest = max(c.difference for c in self.comparisons)
        if not worst.agrees(tolerance) or largest > LARGEST_REMEDY:
            return ""
        enough = np.ceil(largest * 1000 + 0.5) / 1000
        return f" If that is near enough for you, give --tolerance {enough:.3g}."


class Verifier:
    """Compares picture by picture: the original with the file on disk, and what their networks see."""

    def __init__(self, reference_model: ReferenceModel, exported: Exported, *, with_bounds: bool = False) -> None:
        """with_bounds: whether the original's bounds decide, where it has some."""
        self._with_bounds = with_bounds
        self._reference_model = reference_model
        self._exported = exported

    def verify(self, pictures: Iterable[Picture]) -> Verification:
        """Compare on all pictures that both can read; NotEqual when there is none."""
        comparisons, unreadable, refused = [], [], []
        for picture in pictures:
            data = picture.read()
            try:
                expected = self._reference_model.scores(data)
            except UNREADABLE as error:
                unreadable.append(LeftOut(picture.name, first_line(error)))
                continue
            try:
                pixels = self._exported.decode(data)
            except BadImage as error:
                refused.append(LeftOut(picture.name, error.reason))
                continue
            if not _are_scores(expected):
                unreadable.append(LeftOut(picture.name, "its scores are not finite numbers"))
                continue
            identical = np.array_equal(self._exported.network_input(pixels), self._reference_model.network_input(data))
            bounds = self._reference_model.bounds(data) if self._with_bounds else None
            comparisons.append(Comparison(picture, expected, self._answer(picture, pixels), identical, bounds))
        if not comparisons:
            raise NotEqual("Neither the original nor the exported model could read one of the pictures.")
        sizes = measure(self._reference_model, self._exported)
        return Verification(tuple(comparisons), tuple(unreadable), tuple(refused), sizes)

    def _answer(self, picture: Picture, pixels: npt.NDArray[Any]) -> Scores:
        try:
            return self._exported.scores(pixels)
        except UnclassifiableImage as error:
            raise NotEqual(
                f"The original answers for {picture.name}, and the exported model does not: {error.reason} No file was "
                "written."
            ) from error

    def network_inputs(self, picture: Picture) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """The input of the first layer for a picture that both read: the reference model's, the exported one's."""
        data = picture.read()
        return self._reference_model.network_input(data), self._exported.network_input(self._exported.decode(data))


def _are_scores(values: Scores) -> bool:
    """Whether they are finite, but for classes of which the original says nothing, which are NaN."""
    return not np.isinf(values).any() and not np.isnan(values).all()
