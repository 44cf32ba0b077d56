"""A finished `.onnx` file, as the functions run it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from export.errors import CannotConvert
from export.network.network import NETWORK_INPUT
from predictor import BadModel, Classifier
from predictor.classifier import INPUT, Scores, open_session


class OnnxExported:
    """An `Exported`, whose preprocessing is also run alone."""

    def __init__(self, path: Path, before: onnx.ModelProto) -> None:
        """before: what `split_network_input` gave. Raises CannotConvert when onnxruntime does not load the file."""
        try:
            self.classifier = Classifier.load(path)
        except BadModel as error:
            raise CannotConvert(f"onnxruntime cannot run the converted network: {error.__cause__ or error}") from error
        self._session = open_session(before.SerializeToString())

    def decode(self, data: bytes) -> npt.NDArray[np.uint8]:
        """The decoded picture, uint8 [height, width, channels]; BadImage for a bad one."""
        return self.classifier.decode(data)

    def scores(self, pixels: npt.NDArray[Any]) -> Scores:
        """The score of every class, float32 [classes]."""
        return self.classifier.scores(pixels)

    def network_input(self, pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The input of the first layer with weights."""
        (seen,) = self._session.run([NETWORK_INPUT], {INPUT: pixels})
        assert isinstance(seen, np.ndarray)
        return seen
