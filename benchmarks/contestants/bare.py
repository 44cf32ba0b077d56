"""The floor: the fastest decoder there is for the picture, and the bare network on a tensor that is there already."""

from __future__ import annotations

import io
import os

import numpy as np
import numpy.typing as npt

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime
import simplejpeg
from PIL import Image


class Bare:
    """A network.onnx on one thread."""

    def __init__(self, path: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        (network_input,) = self._session.get_inputs()
        self._feed = {network_input.name: np.zeros(network_input.shape, np.float32)}

    def run(self) -> object:
        """The scores of no picture."""
        return self._session.run(None, self._feed)

    def decode_and_run(self, data: bytes) -> object:
        """Decode the picture, for nothing, and run."""
        decode(data)
        return self.run()


def decode(data: bytes) -> npt.NDArray[np.uint8]:
    """uint8 [height, width, 3]."""
    if data.startswith(b"\xff\xd8"):
        pixels: npt.NDArray[np.uint8] = simplejpeg.decode_jpeg(data, "RGB", fastdct=True)
        return pixels
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
