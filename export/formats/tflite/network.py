"""The network from resized pixels on, as a `.tflite` file holds it, whatever kind of source it comes from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from export.importers.pipeline import Pipeline
from export.network.output_activation import OutputActivation
from predictor import Limits
from predictor.image import decode
from predictor.resizing import read

INPUT, SCORES = "image", "scores"
"""The names of a file's input and output."""

Batch = npt.NDArray[Any]
"""One picture's resized pixels, [1, height, width, channels], levels 0 to 255, in float32 or uint8."""


class PixelNetwork(ABC):
    """The network of the file; its input is one picture's resized pixels, its output [1, classes]."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of its input."""

    @property
    @abstractmethod
    def dtype(self) -> npt.DTypeLike:
        """That of its input: float32, or uint8 where the model itself goes on from whole levels."""

    @abstractmethod
    def pixels(self, data: bytes) -> Batch:
        """The input for a picture's file, made by the model's own steps; one of UNREADABLE for bad pictures."""

    @abstractmethod
    def exact(self, outputs: int, output_activation: OutputActivation) -> bytes:
        """The file without metadata; `output_activation` is put behind so many outputs. Raises CannotConvert."""

    @abstractmethod
    def rounded(
        self, outputs: int, output_activation: OutputActivation, kind: str, samples: Callable[[], Iterator[Batch]]
    ) -> bytes:
        """The same with weights in a smaller type, `int8` or `float16`; raises CannotApproximate."""


def decoded(pipeline: Pipeline, data: bytes) -> npt.NDArray[np.uint8]:
    """A picture's file as the graph takes it, uint8 [height, width, channels]; BadImage for a bad one."""
    limits = Limits(max_bytes=len(data))
    if pipeline.resizing:
        return read(data, pipeline.decoding, pipeline.resizing, limits)
    return decode(data, pipeline.decoding, limits)
