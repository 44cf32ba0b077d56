"""The proof that the finished file answers as the original does, picture by picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from export.errors import NotEqual, first_line
from export.kinds.original import Original
from export.network.network import NETWORK_INPUT
from export.pictures import UNREADABLE, Picture
from predictor import BadImage, Classifier, Parity
from predictor.classifier import INPUT, Scores, open_session

SMALLEST_SPREAD = 1e-3
"""Scores that differ by less than this between all pictures say nothing about equality."""


@dataclass(frozen=True)
class Comparison:
    """One picture, answered by both; the original's scores are NaN where it does not say them."""

    picture: Picture
    original: Scores
    exported: Scores
    identical_input: bool

    @property
    def difference(self) -> float:
        """The largest absolute difference of a score; infinite when one of them is not a number."""
        said = ~np.isnan(self.original)
        difference = float(np.max(np.abs(self.original - self.exported)[said], initial=0)) if said.any() else np.inf
        return difference if np.isfinite(difference) else float("inf")

    @property
    def labels(self) -> tuple[int, int]:
        """The best class of the original, and of the exported model."""
        return int(np.nanargmax(self.original)), int(self.exported.argmax())

    def agrees(self, tolerance: float) -> bool:
        """Whether both choose the same class, or two that the original puts within twice the tolerance."""
        chosen, other = self.labels
        return bool(chosen == other or self.original[chosen] - self.original[other] <= 2 * tolerance)


@dataclass(frozen=True)
class LeftOut:
    """A picture that was not compared, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Verification:
    """All comparisons, and the pictures left out: those that the original, or only the exported file, cannot read."""

    comparisons: tuple[Comparison, ...]
    unreadable: tuple[LeftOut, ...]
    refused: tuple[LeftOut, ...]

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
        scores = np.stack([c.original for c in self.comparisons])
        spreads = np.fmax.reduce(scores) - np.fmin.reduce(scores)  # NaN for a class that is never said
        return bool(np.fmax.reduce(spreads) < SMALLEST_SPREAD)

    def worst_first(self, tolerance: float) -> list[Comparison]:
        """Other labels before equal ones, then by falling difference."""
        return sorted(self.comparisons, key=lambda c: (c.agrees(tolerance), -c.difference))

    def failure(self, tolerance: float) -> str:
        """Why it is no proof: a score is off by more than `tolerance` or a label is another; empty when it is one."""
        worst = self.worst_first(tolerance)[0]
        if worst.agrees(tolerance) and worst.difference <= tolerance:
            return ""
        what = "chooses the same label" if worst.agrees(tolerance) else "chooses another label"
        return (
            f"The exported model does not answer as the original does. Worst is {worst.picture.name}: it {what}, and a "
            f"score differs by {worst.difference:.2g} (tolerance {tolerance:.2g}). No file was written."
        )


class Verifier:
    """Compares picture by picture: the original with the file on disk, and what their networks see."""

    def __init__(self, original: Original, classifier: Classifier, before_network: bytes) -> None:
        """before_network: what stands before the exported network's first layer, a serialised ONNX model."""
        self._original = original
        self._classifier = classifier
        self._session = open_session(before_network)

    def verify(self, pictures: Iterable[Picture]) -> Verification:
        """Compare on all pictures that both can read; NotEqual when there is none."""
        comparisons, unreadable, refused = [], [], []
        for picture in pictures:
            data = picture.read()
            try:
                expected = self._original.scores(data)
            except UNREADABLE as error:
                unreadable.append(LeftOut(picture.name, first_line(error)))
                continue
            try:
                pixels = self._classifier.decode(data)
            except BadImage as error:
                refused.append(LeftOut(picture.name, error.reason))
                continue
            identical = np.array_equal(self._network_input(pixels), self._original.network_input(data))
            comparisons.append(Comparison(picture, expected, self._classifier.scores(pixels), identical))
        if not comparisons:
            raise NotEqual("Neither the original nor the exported model could read one of the pictures.")
        return Verification(tuple(comparisons), tuple(unreadable), tuple(refused))

    def network_inputs(self, picture: Picture) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """What the first layer sees of a picture that both can read: the original's, and the exported network's."""
        data = picture.read()
        return self._original.network_input(data), self._network_input(self._classifier.decode(data))

    def _network_input(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        (seen,) = self._session.run([NETWORK_INPUT], {INPUT: pixels})
        assert isinstance(seen, np.ndarray)
        return seen
