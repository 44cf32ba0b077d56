"""A .tflite file on LiteRT, given what Pillow and NumPy make of a file."""

from __future__ import annotations

import io

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from benchmarks.contestants.pillow_numpy import BEST, pixels


class LiteRT:
    """One interpreter on one thread."""

    def __init__(self, path: str, scale: float, offset: float) -> None:
        self._interpreter = Interpreter(path, num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._scale, self._offset = scale, offset

    def classify(self, data: bytes) -> list[tuple[int, float]]:
        """The five best classes of an image file."""
        tensor = pixels(Image.open(io.BytesIO(data)), self._scale, self._offset)
        self._interpreter.set_tensor(self._input, tensor)
        self._interpreter.invoke()
        scores = self._interpreter.get_tensor(self._output)[0]
        return [(int(i), float(scores[i])) for i in np.argsort(scores)[::-1][:BEST]]
