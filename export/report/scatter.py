"""The scores of two models as dots: one path of SVG, however many scores there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT = 320, 320
"""The plane's size in SVG units; dots that fall into the same unit are one."""


@dataclass(frozen=True)
class Axis:
    """The values at both ends of an axis."""

    low: float
    high: float

    @classmethod
    def over(cls, values: npt.NDArray[np.float64]) -> Axis:
        """An axis that holds all values, from zero where they begin near it."""
        low, high = float(values.min()), float(values.max())
        if 0 < low < high / 10:
            low = 0.0
        return cls(low, high) if high > low else cls(low - 0.5, high + 0.5)

    def place(self, values: npt.NDArray[np.float64], length: int) -> npt.NDArray[np.int64]:
        """Where values lie on so many units."""
        places: npt.NDArray[np.int64] = np.rint((values - self.low) / (self.high - self.low) * length).astype(np.int64)
        return places

    def ticks(self) -> tuple[str, str, str]:
        """The values at the ends and in the middle, as they are written."""
        return f"{self.low:.3g}", f"{(self.low + self.high) / 2:.3g}", f"{self.high:.3g}"


@dataclass(frozen=True)
class Scatter:
    """Dots on a plane, x to the right and y upwards. path: each as a line without length, for a round cap."""

    title: str
    x_title: str
    y_title: str
    x: Axis
    y: Axis
    path: str
    count: int

    @classmethod
    def of_scores(cls, reference_model: npt.NDArray[np.float64], exported: npt.NDArray[np.float64]) -> Scatter:
        """Every score of both models, which lie on the diagonal where they are equal."""
        axis = Axis.over(np.concatenate([reference_model, exported]))
        path = _path(axis, axis, reference_model, exported)
        return cls("Every score", "original", "exported file", axis, axis, path, reference_model.size)

    @classmethod
    def of_differences(
        cls, reference_model: npt.NDArray[np.float64], exported: npt.NDArray[np.float64], tolerance: float
    ) -> Scatter:
        """How far each score is off, which lies on the middle line where both are equal."""
        differences = exported - reference_model
        widest = max(float(np.abs(differences).max()), tolerance) or 1.0
        x, y = Axis.over(reference_model), Axis(-widest, widest)
        path = _path(x, y, reference_model, differences)
        return cls(
            "How far each score is off", "original", "exported file − original", x, y, path, reference_model.size
        )


def _path(x: Axis, y: Axis, across: npt.NDArray[np.float64], up: npt.NDArray[np.float64]) -> str:
    places = np.stack([x.place(across, WIDTH), HEIGHT - y.place(up, HEIGHT)], axis=1)
    return "".join(f"M{left} {top}h0" for left, top in np.unique(places, axis=0))
