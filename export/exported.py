"""A finished file as the proof sees it, whatever its format."""

from __future__ import annotations

from typing import Any, Protocol

import numpy.typing as npt

from predictor import Scores


class Exported(Protocol):
    """A finished file of any format, run as it will be run where it is used."""

    def decode(self, data: bytes) -> npt.NDArray[Any]:
        """The input for a picture's file; BadImage for a bad one."""

    def scores(self, pixels: npt.NDArray[Any]) -> Scores:
        """The score of every class, float32 [classes]."""

    def network_input(self, pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The input of its first layer, in the reference model's form where it can be compared with that."""
