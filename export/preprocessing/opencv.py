"""OpenCV's resizes of bytes in NumPy, bit for bit: what the original is shown where its training resized with cv2.

In TensorFlow's graph a resize is a call of one of these. `export.network.resize.opencv` writes them in ONNX: two ways
to one result, whose difference verification would find. The arithmetic is that of modules/imgproc/src/resize.cpp.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

PixelOptions = npt.NDArray[np.uint8]
_Taps = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]
_F = np.float32
_WEIGHT = _F(2048)  # of one pixel
_LEAST_PART = 1e-3  # of a pixel that counts


def linear(batch: PixelOptions, size: npt.NDArray[np.int32]) -> PixelOptions:
    """INTER_LINEAR: uint8 [1, height, width, channels] to [1, *size, channels]."""
    _, height, width, _ = batch.shape
    rows, columns = _places(height, int(size[0])), _places(width, int(size[1]))
    return _bilinear(batch, _fixed(*rows, height), _fixed(*_on_side(*columns, width), width))


def nearest(batch: PixelOptions, size: npt.NDArray[np.int32]) -> PixelOptions:
    """INTER_NEAREST."""
    rows, columns = (
        np.minimum((np.arange(new) * _scale(old, new)).astype(int), old - 1)
        for old, new in zip(batch.shape[1:3], map(int, size))
    )
    return np.ascontiguousarray(batch[:, rows][:, :, columns])


def area(batch: PixelOptions, size: npt.NDArray[np.int32]) -> PixelOptions:
    """INTER_AREA, which is bilinear where a side grows."""
    sides = list(zip(batch.shape[1:3], map(int, size)))
    if any(new > old for old, new in sides):
        rows, columns = (_fixed(*_on_side(*_covered_places(old, new), old), old) for old, new in sides)
        return _bilinear(batch, rows, columns)
    down, across = (_scale(old, new) for old, new in sides)
    if down == round(down) and across == round(across):
        return _blocks(batch, round(down), round(across), size)
    sums = _weighted(batch.astype(_F), _covered(*sides[1]), 2)
    levels: PixelOptions = np.rint(_weighted(sums, _covered(*sides[0]), 1)).astype(np.uint8)
    return levels


def _scale(old: int, new: int) -> float:
    return 1 / (new / old)


def _places(old: int, new: int) -> tuple[Any, Any]:
    """Where new pixels lie between the old ones' centres: the one before, and the part of the way to the next."""
    places = ((np.arange(new) + 0.5) * _scale(old, new) - 0.5).astype(_F)
    floors = np.floor(places)
    return floors.astype(np.int64), places - floors


def _covered_places(old: int, new: int) -> tuple[Any, Any]:
    """The same where a side grows, by how much of the next old pixel a new one covers."""
    indices = np.arange(new)
    first = (indices * _scale(old, new)).astype(np.int64)
    reach = ((indices + 1) - (first + 1) * (new / old)).astype(_F)
    return first, np.where(reach <= 0, _F(0), reach - np.floor(reach))


def _on_side(first: Any, part: Any, old: int) -> tuple[Any, Any]:
    """Places beyond the borders moved onto them, with all of the weight."""
    return np.clip(first, 0, old - 1), np.where((first < 0) | (first >= old - 1), _F(0), part)


def _fixed(first: Any, part: Any, old: int) -> _Taps:
    """The two old pixels of each new one, and their weights of 2,048."""
    weights = (np.rint(weight * _WEIGHT).astype(np.int64) for weight in (_F(1) - part, part))
    return (np.clip(first, 0, old - 1), np.clip(first + 1, 0, old - 1), *weights)


def _bilinear(batch: PixelOptions, rows: _Taps, columns: _Taps) -> PixelOptions:
    top, bottom, top_weight, bottom_weight = rows
    left, right, left_weight, right_weight = (taps[:, np.newaxis] if i > 1 else taps for i, taps in enumerate(columns))
    (image,) = batch.astype(np.int64)
    across = [image[y][:, left] * left_weight + image[y][:, right] * right_weight >> 4 for y in (top, bottom)]
    weights = (weight.reshape(-1, 1, 1) for weight in (top_weight, bottom_weight))
    quarters = sum(weight * values >> 16 for weight, values in zip(weights, across))
    levels: PixelOptions = (quarters + 2 >> 2).astype(np.uint8)[np.newaxis]
    return levels


def _blocks(batch: PixelOptions, down: int, across: int, size: npt.NDArray[np.int32]) -> PixelOptions:
    """Means of whole numbers of pixels; of 2 x 2 halves are rounded up, else to even."""
    sums = batch.reshape(1, int(size[0]), down, int(size[1]), across, -1).astype(np.int64).sum((2, 4))
    halves_up = (down, across) == (2, 2)
    means = sums + 2 >> 2 if halves_up else np.rint(sums.astype(_F) * (_F(1) / _F(down * across)))
    levels: PixelOptions = means.astype(np.uint8)
    return levels


def _covered(old: int, new: int) -> list[list[tuple[int, np.float32]]]:
    """For each new pixel the old ones that it covers more than a little of, and their weights."""
    scale, taps = _scale(old, new), []
    for index in range(new):
        start, end = index * scale, index * scale + scale
        cell = min(scale, old - start)
        last = min(int(end), old - 1)
        first = min(int(np.ceil(start)), last)
        found = [(first - 1, _F((first - start) / cell))] if first - start > _LEAST_PART else []
        found += [(pixel, _F(1 / cell)) for pixel in range(first, last)]
        if end - last > _LEAST_PART:
            found.append((last, _F(min(end - last, 1.0, cell) / cell)))
        taps.append(found)
    return taps


def _weighted(values: npt.NDArray[np.float32], taps: list[list[tuple[int, np.float32]]], axis: int) -> Any:
    """The weighted sums along an axis, one tap after the other."""
    sides = np.moveaxis(values, axis, 0)
    sums = np.zeros((len(taps), *sides.shape[1:]), _F)
    for new, found in enumerate(taps):
        for pixel, weight in found:
            sums[new] += sides[pixel] * weight
    return np.moveaxis(sums, 0, axis)


METHODS: dict[str, Callable[[PixelOptions, npt.NDArray[np.int32]], PixelOptions]] = {
    "cv2-linear": linear,
    "cv2-area": area,
    "cv2-nearest": nearest,
}
"""OpenCV's kernels by name."""

KERNELS: dict[str, str] = {}
"""Which kernel a call in a graph is of, by the token that TensorFlow gave the call."""


def called(name: str) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """The kernel as a call in TensorFlow's graph, from uint8 [1, height, width, channels] and a size."""

    def resize(batch: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
        resized = tf.numpy_function(METHODS[name], [batch, size], tf.uint8, stateful=False)
        KERNELS[resized.op.get_attr("token").decode()] = name
        resized.set_shape([1, None, None, batch.shape[3]])
        return resized

    return resize
