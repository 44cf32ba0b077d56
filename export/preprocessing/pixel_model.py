"""A model that takes pixels, while it is sought how it wants them, and what was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from export.findings import Findings
from export.options import PixelOptions
from export.preprocessing.input_normalization import InputNormalization
from export.preprocessing.pixel_layout import Layout
from export.preprocessing.preprocessing import Preprocessing
from export.source.labels import Labels


class PixelModel(Protocol):
    """A model that takes pixels, as far as its preprocessing is sought."""

    layout: Layout
    metadata: PixelOptions

    @property
    def resizes_itself(self) -> bool:
        """Whether it fits pictures of any size before its first layer."""

    @property
    def step(self) -> float:
        """The distance of two neighbouring scores, where they are whole numbers; else 0."""

    def normalization(self) -> InputNormalization | None:
        """The scaling of its pixels before the first layer; None where that is not known."""

    def divergences(self, batches: Iterable[Mapping[Any, npt.NDArray[Any]]]) -> dict[Any, float]:
        """The divergence at its first batch normalisation for each kind of batch; empty where it has none."""

    def score(self, batch: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """The score of each class for a batch."""

    def found(self) -> tuple[str, ...]:
        """Its input and its output, for a person."""

    def labels(self, classes: int) -> Labels:
        """The names of the classes."""


@dataclass(frozen=True)
class Recovered:
    """The recipe, and what speaks for it.

    shown: the fields of PixelOptions that pictures showed. assumed: in words, what nobody said and nothing showed.
    """

    preprocessing: Preprocessing
    findings: Findings
    shown: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
