"""A `.tflite` file's own network, with its normalisation put in front."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from export.errors import CannotApproximate, CannotConvert
from export.formats.tflite.editing import Edited
from export.formats.tflite.network import Batch, PixelNetwork
from export.importers.pipeline import Pipeline
from export.importers.tflite.model import TfliteModel
from export.network.output_activation import OutputActivation
from export.preprocessing.preprocessing import Preprocessing

_SIGN = 128  # between the zero points of int8 and uint8
_TAKEN = (tf.float32, tf.uint8, tf.int8)


class CopiedNetwork(PixelNetwork):
    """A `PixelNetwork` that is the original's network, number by number."""

    def __init__(self, pipeline: Pipeline, model: TfliteModel) -> None:
        assert pipeline.preprocessing is not None
        self._recipe, self._model = pipeline.preprocessing, model
        layout = self._recipe.layout
        if layout.dtype not in _TAKEN or None in (layout.height, layout.width):
            raise CannotConvert(
                f"The model takes {layout}. As a .tflite it is written where it takes pictures of one size, in float32 "
                "or in whole numbers of eight bits; write an .onnx file."
            )
        graph = tf.Graph()
        with graph.as_default():
            self._pixels = _levels(self._recipe, self._recipe.resized(self._recipe.decoded()))
        (self._given,) = (op.outputs[0] for op in graph.get_operations() if op.type == "Placeholder")
        self._session = tf.compat.v1.Session(graph=graph)

    @property
    def shape(self) -> tuple[int, int, int]:
        """As the recipe resizes to."""
        return self._recipe.height, self._recipe.width, self._recipe.channels

    @property
    def dtype(self) -> npt.DTypeLike:
        """uint8 for a network that takes whole numbers."""
        dtype: npt.DTypeLike = np.uint8 if self._recipe.layout.dtype.is_integer else np.float32
        return dtype

    def pixels(self, data: bytes) -> Batch:
        """Decoded and resized by the recipe."""
        return np.asarray(self._session.run(self._pixels, {self._given: self._recipe.read(data)}))

    def exact(self, outputs: int, output_activation: OutputActivation) -> bytes:
        """The file with the recipe's arithmetic in front."""
        file = Edited(self._model.data)
        scores = _ended(file, outputs, self._model.output, output_activation)
        return file.finished(_scaled(file, self._recipe, self.shape), scores)

    def rounded(
        self, outputs: int, output_activation: OutputActivation, kind: str, samples: Callable[[], Iterator[Batch]]
    ) -> bytes:
        """No: its weights are not taken apart."""
        raise CannotApproximate(
            "The network of a .tflite file is copied as it is, so --quantize does not go with it. Give the model that "
            "it was made of."
        )


def _levels(preprocessing: Preprocessing, pixels: tf.Tensor) -> tf.Tensor:
    """The resized pixels as the file takes them; whole ones as the recipe rounds them."""
    if preprocessing.layout.dtype.is_integer:
        return pixels if pixels.dtype == tf.uint8 else tf.cast(tf.round(pixels), tf.uint8)
    return tf.cast(pixels, tf.float32)


def _scaled(file: Edited, preprocessing: Preprocessing, shape: tuple[int, int, int]) -> int:
    """The new input: what leads from it to the network's own are the steps of `Preprocessing.finished`."""
    steps = list(_steps(file, preprocessing, shape))
    if not steps:
        return file.input
    dtype = np.uint8 if preprocessing.layout.dtype.is_integer else np.float32
    like = file.input if preprocessing.layout.dtype.is_integer else None
    given = value = file.tensor((1, *shape), dtype, like, _SIGN if preprocessing.layout.dtype == tf.int8 else 0)
    for number, (name, others, options, values, result) in enumerate(steps):
        is_last = number == len(steps) - 1
        made = file.input if is_last else file.tensor(result, dtype, None if like is None else given)
        file.before(name, [value, *others], made, options, **values)
        value = made
    return given


Step = tuple[str, list[int], str, dict[str, Any], tuple[int, ...]]
"""An operation: its name, its other inputs, its options and their values, and the shape of its result."""


def _steps(file: Edited, preprocessing: Preprocessing, shape: tuple[int, int, int]) -> Iterator[Step]:
    height, width, channels = shape
    if preprocessing.order == "bgr":
        yield "REVERSE_V2", [file.constant([3], np.int32)], "ReverseV2Options", {}, (1, *shape)
    if not preprocessing.layout.dtype.is_integer:
        for operation, operand in preprocessing.scale.steps:
            by = operand[::-1] if preprocessing.order == "bgr" else operand
            name, options = ("DIV", "DivOptions") if operation == "divide by" else ("SUB", "SubOptions")
            yield name, [file.constant(by, np.float32)], options, {}, (1, *shape)
    if preprocessing.layout.rank == 3:
        arranged = (1, height, width)
        yield "RESHAPE", [file.constant(arranged, np.int32)], "ReshapeOptions", {"newShape": list(arranged)}, arranged
    elif preprocessing.layout.channels_first:
        order = file.constant([0, 3, 1, 2], np.int32)
        yield "TRANSPOSE", [order], "TransposeOptions", {}, (1, channels, height, width)
    if preprocessing.layout.dtype == tf.int8:
        yield "QUANTIZE", [], "QuantizeOptions", {}, (1, *shape)


def _ended(file: Edited, outputs: int, details: Any, output_activation: OutputActivation) -> int:
    """The scores, [1, classes], made of the network's output as `OutputActivation.apply` makes them."""
    value, shape = file.output, (1, outputs)
    if output_activation is OutputActivation.AS_IS and tuple(details["shape"]) == shape:
        return value
    if details["dtype"] != np.float32:
        value = _put(file, "DEQUANTIZE", [value], tuple(details["shape"]), "DequantizeOptions")
    flat = [value, file.constant(shape, np.int32)]
    value = _put(file, "RESHAPE", flat, shape, "ReshapeOptions", newShape=list(shape))
    if output_activation is OutputActivation.SOFTMAX:
        value = _put(file, "SOFTMAX", [value], shape, "SoftmaxOptions", beta=1.0)
    if output_activation in (OutputActivation.SIGMOID, OutputActivation.TWO_CLASSES_FROM_LOGIT):
        value = _put(file, "LOGISTIC", [value], shape)
    if output_activation in (OutputActivation.TWO_CLASSES, OutputActivation.TWO_CLASSES_FROM_LOGIT):
        first = _put(file, "SUB", [file.constant([[1.0]], np.float32), value], shape, "SubOptions")
        value = _put(file, "CONCATENATION", [first, value], (1, 2), "ConcatenationOptions", axis=1)
    return value


def _put(file: Edited, name: str, inputs: list[int], shape: tuple[int, ...], options: str = "", **values: Any) -> int:
    made = file.tensor(shape, np.float32)
    file.behind(name, inputs, made, options, **values)
    return made
