"""A `.tflite` file of one operation, run by LiteRT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from export.tflite.file import DTYPES, Operation, Tensor
from export.tflite.graph import NotTranslated

_TYPES = {np.dtype(dtype): code for code, dtype in DTYPES.items()}


class Alone:
    """An operation on its own, called with its inputs."""

    def __init__(self, operation: Operation, inputs: Sequence[Tensor], output: Tensor) -> None:
        """inputs: with the shapes, and as constants those that are. The output's shape follows.

        Raises NotTranslated for an operation that LiteRT does not run so.
        """
        self._name = operation.name
        try:
            file = _file(operation, [*inputs, replace(output, shape=(), data=None)])
            self._interpreter = Interpreter(model_content=file, num_threads=1)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise NotTranslated(f"{self._name}, which LiteRT does not run alone") from error
        self._inputs = [details["index"] for details in self._interpreter.get_input_details()]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def __call__(self, *values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The output of the operation for the inputs that are no constants."""
        for index, value in zip(self._inputs, values):
            self._interpreter.set_tensor(index, value)
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise NotTranslated(f"{self._name}, which LiteRT does not run on every number") from error
        answer: npt.NDArray[Any] = self._interpreter.get_tensor(self._output)
        return answer


def _file(operation: Operation, tensors: Sequence[Tensor]) -> bytes:
    """The file; the last tensor is the output."""
    graph, model = schema.SubGraphT(), schema.ModelT()
    model.version, model.subgraphs, model.buffers = 3, [graph], [schema.BufferT()]
    graph.tensors = [_tensor(model, tensor) for tensor in tensors]
    step = schema.OperatorT()
    step.inputs, step.outputs = list(range(len(tensors) - 1)), [len(tensors) - 1]
    step.builtinOptionsType, step.builtinOptions = operation.options_type, operation.options
    graph.operators = [step]
    graph.inputs = [index for index in step.inputs if tensors[index].data is None]
    graph.outputs = step.outputs
    code = schema.OperatorCodeT()
    code.builtinCode = getattr(schema.BuiltinOperator, operation.name)
    code.deprecatedBuiltinCode = min(code.builtinCode, schema.BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES)
    code.version = operation.version
    model.operatorCodes = [code]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensor(model: Any, tensor: Tensor) -> Any:
    written = schema.TensorT()
    written.shape, written.type = list(tensor.shape), _TYPES[tensor.dtype]
    if tensor.scales.size:
        written.quantization = schema.QuantizationParametersT()
        written.quantization.scale, written.quantization.zeroPoint = tensor.scales, tensor.zeros
        written.quantization.quantizedDimension = tensor.axis
    if tensor.data is not None:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(tensor.data.tobytes(), np.uint8)
        written.buffer = len(model.buffers)
        model.buffers.append(buffer)
    return written
