"""The resize of a phone's own: pictures stretched as MediaPipe Tasks stretches them on a processor.

Its ImageToTensorCalculator warps the picture by OpenCV so that the corners meet, bilinearly, in whole levels:
https://github.com/google-ai-edge/mediapipe/blob/master/mediapipe/calculators/tensor/image_to_tensor_converter_opencv.cc
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_FRACTIONS = 32  # of a pixel; what OpenCV rounds places to (INTER_TAB_SIZE)

PixelOptions = npt.NDArray[np.uint8]


def stretched(pixels: PixelOptions, height: int, width: int) -> PixelOptions:
    """A decoded picture of any size, uint8 [?, ?, channels], as uint8 [height, width, channels]."""
    rows = _between(pixels.astype(np.float64), height)
    both = _between(rows.swapaxes(0, 1), width).swapaxes(0, 1)
    whole: PixelOptions = np.floor(both + 0.5).astype(np.uint8)
    return whole


def _between(values: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.float64]:
    """So many rows, [size, ?, channels]; row r lies at r times the ratio of the sizes, beyond the last is none."""
    places = np.rint(np.arange(size) * len(values) / size * _FRACTIONS) / _FRACTIONS
    first = np.minimum(places.astype(int), len(values) - 1)
    share = (places - first)[:, np.newaxis, np.newaxis]
    second = np.minimum(first + 1, len(values) - 1)
    mixed: npt.NDArray[np.float64] = values[first] * (1 - share) + values[second] * share
    return mixed
