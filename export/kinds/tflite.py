"""A `.tflite` classifier, run by LiteRT and converted by tf2onnx."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx.compose
import tensorflow as tf
import tf2onnx
from ai_edge_litert.interpreter import Interpreter
from onnx import TensorProto, helper

from export.errors import CannotConvert, CannotOpen, NotAClassifier, first_line
from export.kinds.original import vector
from export.network import network
from export.network.ending import Ending
from export.network.operations import OPSET
from export.options import Pixels
from export.preprocessing.head import Head
from export.preprocessing.pixel_layout import Layout, written
from export.preprocessing.scale import Scale
from export.source.fingerprint import fingerprint
from export.source.labels import Labels
from export.source.tflite_metadata import TfliteMetadata

Details = Mapping[str, Any]
"""What the interpreter says of an input or output."""

SCORES, PIXELS, _QUANTISED = "tflite_scores", "tflite_pixels", "quantised_scores"
_SILENT = frozenset(("QuantizeLinear", "DequantizeLinear", "Reshape", "Squeeze", "Cast", "Flatten", "Identity"))
_ACTIVATIONS = {"Softmax": "softmax", "Sigmoid": "sigmoid"}
_LINEAR = frozenset(("Add", "MatMul", "Gemm", "Conv", "Mul", "LogSoftmax"))


class TfliteModel:
    """A model that takes pixels, opened; a `PixelModel` whose metadata may say how it wants them.

    Raises CannotOpen for a broken file, and NotAClassifier when it does not turn a picture into a score for each class.
    """

    def __init__(self, path: Path, find_labels: Callable[[int], Labels]) -> None:
        self._path = path
        self._find_labels = find_labels
        try:
            self._interpreter = Interpreter(model_path=str(path), num_threads=os.cpu_count())
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise CannotOpen(path, f"LiteRT cannot load it: {first_line(error)}") from error
        self.input = _only_picture(self._interpreter.get_input_details())
        self.output = _only_vector(self._interpreter.get_output_details())
        self.layout = _layout(self.input)
        self.metadata = _pixels(TfliteMetadata.read(path))

    @property
    def resizes_itself(self) -> bool:
        """No: a .tflite file takes one size."""
        return False

    @property
    def step(self) -> float:
        """The distance of two neighbouring scores where the output is quantised; 0 where it is not."""
        return float(self.output["quantization"][0])

    @cached_property
    def converted(self) -> onnx.ModelProto:
        """The network in ONNX, from `tflite_pixels` to float32 `tflite_scores`."""
        with network.quiet():
            try:
                model: onnx.ModelProto = tf2onnx.convert.from_tflite(str(self._path), opset=OPSET)[0]
            except Exception as error:  # tf2onnx raises many types
                raise CannotConvert(f"tf2onnx cannot convert the network: {error}") from error
        network.check_operations(model)
        model = onnx.compose.add_prefix(model, "network/")
        _rename(model.graph, model.graph.input[0].name, PIXELS)
        _dequantise(model.graph, f"network/{self.output['name']}", *self.output["quantization"])
        return model

    @property
    def activation(self) -> str:
        """What makes the scores, as `interface.activation` says it."""
        makers = {output: node for node in self.converted.graph.node for output in node.output}
        node = makers[SCORES]
        while node.op_type in _SILENT and node.input[0] in makers:
            node = makers[node.input[0]]
        return _ACTIVATIONS.get(node.op_type, "none" if node.op_type in _LINEAR else "")

    def fingerprint(self) -> str:
        """The SHA-256, in hex, of the file."""
        return fingerprint([self._path])

    def values(self, batch: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The numbers that LiteRT gives for a batch of one, as one list; what is quantised is made float32 again."""
        self._interpreter.set_tensor(self.input["index"], batch)
        self._interpreter.invoke()
        values = vector(self._interpreter.get_tensor(self.output["index"]), self.output["name"])
        scale, zero = self.output["quantization"]
        return (values.astype(np.float32) - np.float32(zero)) * np.float32(scale) if scale else values

    def head(self) -> Head | None:
        """Nothing: a .tflite file's layers are not followed."""
        return None

    def divergences(self, batches: Iterable[Mapping[Any, npt.NDArray[Any]]]) -> dict[Any, float]:
        """Nothing: batch normalisations are folded into the layers before them when a .tflite file is made."""
        return {}

    def score(self, batch: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """The score of each class for a batch."""
        values = self.values(batch)
        return Ending.of(values[np.newaxis], self.activation).apply(values)

    def found(self) -> tuple[str, ...]:
        """What it takes and gives."""
        return (
            f"{self.input['name']} {self.layout} to {self.output['name']}, activation {self.activation or 'unknown'}",
        )

    def labels(self, classes: int) -> Labels:
        """The names of the classes."""
        return self._find_labels(classes)


def _only_picture(inputs: list[Details]) -> Details:
    if len(inputs) != 1:
        names = ", ".join(details["name"] for details in inputs) or "none"
        raise NotAClassifier(f"The model does not take one picture. Its inputs: {names}.")
    return inputs[0]


def _only_vector(outputs: list[Details]) -> Details:
    """The output [1, classes], with ones between."""
    vectors = [details for details in outputs if details["shape"][1:-1].prod() == 1 and len(details["shape"]) > 1]
    if len(vectors) == 1 and len(outputs) == 1:
        return vectors[0]
    shapes = ", ".join(f"{details['name']} {details['shape'].tolist()}" for details in outputs)
    raise NotAClassifier(f"The model does not give one score for each class. Its outputs: {shapes}.")


def _layout(details: Details) -> Layout:
    dtype = tf.dtypes.as_dtype(details["dtype"])
    shape = tuple(None if size < 1 else int(size) for size in details["shape_signature"])
    layout = Layout.of(details["name"], dtype, shape)
    if layout.batch not in (None, 1):
        raise NotAClassifier(f"The model takes {written(dtype, shape)}, and cannot be fed a single picture.")
    return layout


def _pixels(metadata: TfliteMetadata) -> Pixels:
    scale = Scale.standard(metadata.mean, metadata.std) if metadata.mean else None
    return Pixels(scale=scale)


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    for names in (names for node in graph.node for names in (node.input, node.output)):
        names[:] = [new if name == old else name for name in names]
    for value in (*graph.input, *graph.output):
        value.name = new if value.name == old else value.name


def _dequantise(graph: onnx.GraphProto, output: str, scale: float, zero: int) -> None:
    """Call the output SCORES, float32 also where the model gives whole numbers."""
    given = graph.output[0]
    _rename(graph, given.name, _QUANTISED if scale else SCORES)
    if not scale:
        return
    dtype = given.type.tensor_type.elem_type
    graph.initializer.append(helper.make_tensor("score_step", TensorProto.FLOAT, [], [scale]))
    graph.initializer.append(helper.make_tensor("score_zero", dtype, [], [zero]))
    graph.node.append(helper.make_node("DequantizeLinear", [_QUANTISED, "score_step", "score_zero"], [SCORES]))
    given.name, given.type.tensor_type.elem_type = SCORES, TensorProto.FLOAT
