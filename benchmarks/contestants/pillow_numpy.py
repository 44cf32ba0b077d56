"""The usual port of a model's preprocessing, with Pillow and NumPy, for a network without it."""

from __future__ import annotations

import io
import os

import numpy as np
import numpy.typing as npt

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime
from PIL import Image

SIZE = 224  # pixels a side of what the networks see
BEST = 5


def pixels(image: Image.Image, scale: float, offset: float) -> npt.NDArray[np.float32]:
    """float32 [1, SIZE, SIZE, 3] of a picture."""
    resized = image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    return np.asarray(resized, np.float32)[np.newaxis] * np.float32(scale) + np.float32(offset)


class PillowNumPy:
    """A network.onnx that is given what Pillow and NumPy make of a file."""

    def __init__(self, path: str, scale: float, offset: float) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self._scale, self._offset = scale, offset

    def classify(self, data: bytes) -> list[dict[str, str | float]]:
        """The five best classes of an image file."""
        return self.classify_image(Image.open(io.BytesIO(data)))

    def classify_image(self, image: Image.Image) -> list[dict[str, str | float]]:
        """The five best classes of a picture."""
        (scores,) = self._session.run(None, {self._input: pixels(image, self._scale, self._offset)})
        scores = np.ravel(scores)
        return [{"label": f"class {i}", "score": float(scores[i])} for i in np.argsort(scores)[::-1][:BEST]]


def from_environment() -> PillowNumPy:
    """The network that the environment names: for the servers that are processes of their own."""
    return PillowNumPy(os.environ["NETWORK"], float(os.environ["SCALE"]), float(os.environ["OFFSET"]))
