"""Small `.tflite` files, written operation by operation, and what LiteRT and the translation answer for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from export.tflite.file import DTYPES, Network
from export.tflite.translation import translate

Array = npt.NDArray[Any]

_TYPES = {np.dtype(dtype): code for code, dtype in DTYPES.items()}
_VERSIONS = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 4, "RESIZE_NEAREST_NEIGHBOR": 3}
"""Those with which LiteRT takes all that is written here; 2 elsewhere, and 1 where there is no other."""
_FIRST = frozenset(("CAST", "ELU", "HARD_SWISH", "PRELU", "RELU_N1_TO_1", "RESHAPE", "SHAPE", "SQUEEZE"))


@dataclass
class Tensor:
    """A value, a constant where it has `data`; `axis` is that of several scales."""

    shape: tuple[int, ...]
    dtype: Any = np.float32
    scale: Any = None
    zero: int = 0
    data: Array | None = None
    axis: int = 0


def constant(data: Any, scale: Any = None, zero: int = 0, axis: int = 0) -> Tensor:
    data = np.asarray(data)
    return Tensor(data.shape, data.dtype, scale, zero, data, axis)


@dataclass
class Step:
    """An operation of the schema, or a custom one, between tensors by number; `options` names the schema's table."""

    name: str
    inputs: Sequence[int]
    outputs: Sequence[int]
    options: str = ""
    values: dict[str, Any] | None = None


def write(tensors: Sequence[Tensor], steps: Sequence[Step]) -> bytes:
    """A file. What no step gives and is no constant is an input; what the last step gives is the output."""
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.buffers, model.subgraphs, model.operatorCodes = 3, [schema.BufferT()], [graph], []
    graph.tensors = [_tensor(model, number, tensor) for number, tensor in enumerate(tensors)]
    graph.operators = [_operator(model, step) for step in steps]
    graph.inputs, graph.outputs = inputs(tensors, steps), list(steps[-1].outputs[:1])
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def inputs(tensors: Sequence[Tensor], steps: Sequence[Step]) -> list[int]:
    """The numbers of the tensors that are the file's inputs."""
    made = {index for step in steps for index in step.outputs}
    taken = {index for step in steps for index in step.inputs if index >= 0}
    return [index for index in sorted(taken - made) if tensors[index].data is None]


def _tensor(model: Any, number: int, tensor: Tensor) -> Any:
    written = schema.TensorT()
    written.shape, written.type, written.name = (
        list(tensor.shape),
        _TYPES[np.dtype(tensor.dtype)],
        f"t{number}".encode(),
    )
    if tensor.scale is not None:
        scales = np.atleast_1d(np.asarray(tensor.scale, np.float32))
        written.quantization = schema.QuantizationParametersT()
        written.quantization.scale = scales
        written.quantization.zeroPoint = np.full(scales.shape, tensor.zero, np.int64)
        written.quantization.quantizedDimension = tensor.axis
    if tensor.data is not None:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(tensor.data).tobytes(), np.uint8)
        written.buffer = len(model.buffers)
        model.buffers.append(buffer)
    return written


def _operator(model: Any, step: Step) -> Any:
    code, written = schema.OperatorCodeT(), schema.OperatorT()
    known = getattr(schema.BuiltinOperator, step.name, schema.BuiltinOperator.CUSTOM)
    code.builtinCode, code.deprecatedBuiltinCode = known, min(known, 127)
    if known == schema.BuiltinOperator.CUSTOM:
        code.customCode = step.name
    code.version = _VERSIONS.get(step.name, 1 if step.name in _FIRST or code.customCode else 2)
    written.opcodeIndex, written.inputs, written.outputs = (
        len(model.operatorCodes),
        list(step.inputs),
        list(step.outputs),
    )
    model.operatorCodes.append(code)
    if step.options:
        written.builtinOptionsType = getattr(schema.BuiltinOptions, step.options)
        written.builtinOptions = getattr(schema, f"{step.options}T")()
        for name, value in (step.values or {}).items():
            assert hasattr(written.builtinOptions, name)
            setattr(written.builtinOptions, name, value)
    return written


def litert(file: bytes, *batches: Array) -> Array:
    """What LiteRT gives by default; quantised numbers as the real ones that they stand for."""
    interpreter = Interpreter(model_content=file, num_threads=1)
    interpreter.allocate_tensors()
    for details, batch in zip(interpreter.get_input_details(), batches):
        interpreter.set_tensor(details["index"], batch)
    interpreter.invoke()
    (output,) = interpreter.get_output_details()
    values: Array = interpreter.get_tensor(output["index"])
    scale, zero = output["quantization"]
    return (values.astype(np.float32) - np.float32(zero)) * np.float32(scale) if scale else values


def translated(file: bytes, *batches: Array, optimised: bool = True) -> Array:
    """What onnxruntime gives for the translation."""
    network = Network.read(file)
    names = [f"input_{number}" for number in range(len(batches))]
    model = translate(network, names, "output")
    onnx.checker.check_model(model, full_check=True)
    return run(model.SerializeToString(), dict(zip(names, batches)), optimised=optimised)


def run(model: bytes, feed: dict[str, Array], *, optimised: bool) -> Array:
    """The first output of an ONNX model, with onnxruntime's optimisations or without."""
    levels = onnxruntime.GraphOptimizationLevel
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimised else levels.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    (values,) = session.run(None, feed)
    return np.asarray(values)
