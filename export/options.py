"""What the user may say about a model; None means: find it in the model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from predictor.metadata import Drawing

DEFAULT_TOLERANCE = 1e-4

RESIZES = ("tf-bilinear",)
"""How pictures can be resized in front of a model that takes pixels."""

SCALES = {"0..1": (1 / 255, 0.0), "-1..1": (1 / 127.5, -1.0), "0..255": (1.0, 0.0)}
"""What a network can expect of pixel values 0 to 255: (factor, offset)."""


@dataclass(frozen=True)
class Options:
    """The command line's options; `resize`, `size` (height, width) and `scale` are for models that take pixels."""

    signature: str | None = None
    output: str | None = None
    name: str | None = None
    labels: Path | None = None
    resize: str = RESIZES[0]
    size: tuple[int, int] | None = None
    scale: str | None = None
    images: Path | None = None
    tolerance: float = DEFAULT_TOLERANCE
    drawing: Drawing | None = None
