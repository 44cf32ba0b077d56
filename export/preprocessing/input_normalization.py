"""The scaling of pixels before a model's first layer: if the model scales them itself, it says what it wants.

The head is measured rather than read: whatever layers it is made of (Rescaling, Normalization, the arithmetic of a
`preprocess_input`), what becomes of pictures of one level shows its slope and intercept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from export.graph.running import GraphRunner
from export.preprocessing.pixel_layout import Layout
from export.preprocessing.scale import SCALES, Scale

_LEVELS = (0.0, 100.0, 255.0)
_ANY_SIZE = 96  # pixels a side of the test pictures, where a model takes any
_OTHER_SIZE = 128
_INPUT_RANGES = {"0..255": (0.0, 255.0), "0..1": (0.0, 1.0), "-1..1": (-1.0, 1.0)}


@dataclass(frozen=True)
class InputNormalization:
    """`slope * value + intercept` for each channel that the first layer sees."""

    slope: npt.NDArray[np.float64]
    intercept: npt.NDArray[np.float64]

    @property
    def is_plain(self) -> bool:
        """Whether the first layer sees the values as they come."""
        return bool(np.allclose(self.slope, 1, rtol=1e-3) and np.allclose(self.intercept, 0, atol=1e-3))

    def wanted(self) -> Scale | None:
        """The scale whose values the head brings into a range that networks are trained on; None when it is unclear."""
        if self.is_plain:
            return None
        for name, (low, high) in _INPUT_RANGES.items():
            if _is_usual(self.slope * low + self.intercept, self.slope * high + self.intercept):
                return SCALES[name]
        return None

    def __str__(self) -> str:
        return f"multiply by {_rounded(self.slope)}, add {_rounded(self.intercept)}"


def measure(runner: GraphRunner, layout: Layout) -> InputNormalization | None:
    """The head that `runner` computes, from the model's input to the first layer's; None when it is not linear."""
    zero, middle, full = (_seen(runner, layout, level) for level in _LEVELS)
    slope = (full - zero) / _LEVELS[-1]
    if not np.allclose(middle, zero + slope * _LEVELS[1], rtol=1e-2, atol=1e-2):
        return None
    return InputNormalization(slope, zero)


def fits_pictures(runner: GraphRunner, layout: Layout) -> bool:
    """Whether pictures of different sizes have one size when the first layer sees them."""
    shapes = {runner.run(_plain(layout, 0, side))[0].shape for side in (_ANY_SIZE, _OTHER_SIZE)}
    return len(shapes) == 1


def _seen(runner: GraphRunner, layout: Layout, level: float) -> npt.NDArray[np.float64]:
    """The input of the first layer for a picture of one level: a value for each channel, from the picture's middle."""
    (values,) = runner.run(_plain(layout, level, _ANY_SIZE))
    return _middle(values.astype(np.float64))


def _plain(layout: Layout, level: float, any_size: int) -> npt.NDArray[Any]:
    """A batch of pictures of one level as the model takes it, `any_size` pixels a side where it takes any."""
    size = [layout.height or any_size, layout.width or any_size]
    channels = [] if layout.rank == 3 else [layout.channels]
    shape = [layout.batch or 1, *(channels + size if layout.channels_first else size + channels)]
    return np.full(shape, level, layout.dtype.as_numpy_dtype)


def _middle(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    first = values[0]
    if first.ndim != 3:
        return np.atleast_1d(np.median(first))
    if first.shape[0] < min(first.shape[1:]):
        first = np.moveaxis(first, 0, -1)
    return np.asarray(first[first.shape[0] // 2, first.shape[1] // 2])


def _is_usual(black: npt.NDArray[np.float64], white: npt.NDArray[np.float64]) -> bool:
    """Whether networks are trained on such ranges: about -1 to 1 or 0 to 1, standardised, or levels about zero."""
    low, high = np.minimum(black, white), np.maximum(black, white)
    width = high - low
    scaled = (width > 0.9) & (low > -4) & (low < 0.05) & (high > 0.45) & (high < 5)
    centred = np.isclose(width, 255, rtol=0.01) & (low < -60) & (high > 60)
    return bool(scaled.all() or centred.all())


def _rounded(values: npt.NDArray[np.float64]) -> str:
    different = np.unique(values.round(4)) if values.size > 4 else values
    return " ".join(f"{value:.4g}" for value in (different[:1] if np.ptp(values) == 0 else different[:3]))
