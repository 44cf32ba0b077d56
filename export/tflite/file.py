"""The network in a `.tflite` file: its tensors and operations, with the shapes that they have when it runs.

The format is a flatbuffer: https://github.com/google-ai-edge/LiteRT/blob/main/tflite/converter/schema/schema.fbs
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from export.errors import CannotConvert, first_line

MOST_OPERATIONS = 20_000
"""Far above what a classifier has, and read in a second."""

DTYPES: dict[int, npt.DTypeLike] = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.FLOAT16: np.float16,
    schema.TensorType.INT8: np.int8,
    schema.TensorType.UINT8: np.uint8,
    schema.TensorType.INT16: np.int16,
    schema.TensorType.INT32: np.int32,
    schema.TensorType.INT64: np.int64,
    schema.TensorType.BOOL: np.bool_,
}
_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
_WEIGHTED = frozenset(("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"))
_OF_SHAPES = frozenset(("SHAPE", "RANK"))
"""Operations whose result hangs on the shape of their input alone, and here every shape is known."""


@dataclass(frozen=True)
class Tensor:
    """A value between operations, or a constant.

    scales, zeros: float32 and int64, one for all or one for each place along `axis`; empty where it is not quantised.
    data: of this shape and type; None for what the user gives or an operation makes of it.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    scales: npt.NDArray[np.float32]
    zeros: npt.NDArray[np.int64]
    axis: int
    data: npt.NDArray[Any] | None

    @property
    def is_quantised(self) -> bool:
        """Whether its whole numbers, of eight bits, stand for real ones."""
        return self.dtype in (np.int8, np.uint8) and self.scales.size > 0


@dataclass(frozen=True)
class Operation:
    """One step: its name and version in the schema, the numbers of its tensors (-1 for an input that is left out).

    options: a table of the schema's class of this type; None where an operation has none.
    """

    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options_type: int
    options: Any


@dataclass(frozen=True)
class Network:
    """The graph of a file that runs first; its operations, in their order, are those that hang on the input."""

    tensors: tuple[Tensor, ...]
    operations: tuple[Operation, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    @property
    def is_quantised(self) -> bool:
        """Whether an operation takes or gives whole numbers that stand for real ones."""
        return any(self.tensors[index].scales.size for index in self._used())

    @property
    def is_dynamic(self) -> bool:
        """Whether a layer with rounded weights takes real numbers, which LiteRT rounds while it runs."""
        return any(
            self.tensors[operation.inputs[0]].dtype == np.float32 and self.tensors[operation.inputs[1]].is_quantised
            for operation in self.operations
            if operation.name in _WEIGHTED
        )

    @property
    def has_wide_numbers(self) -> bool:
        """Whether whole numbers of 16 bits stand for real ones."""
        return any(self.tensors[i].dtype == np.int16 and self.tensors[i].scales.size for i in self._used())

    def _used(self) -> Iterator[int]:
        for operation in self.operations:
            yield from (index for index in (*operation.inputs, *operation.outputs) if index >= 0)

    @classmethod
    def read(cls, data: bytes) -> Network:
        """The network of a file that LiteRT loads; CannotConvert where it has more operations than are read."""
        model = schema.Model.GetRootAsModel(data, 0)
        graph = model.Subgraphs(0)
        if max(graph.OperatorsLength(), graph.TensorsLength() / 8) > MOST_OPERATIONS:
            raise CannotConvert(f"The network has {graph.OperatorsLength()} operations, more than are read.")
        inputs = tuple(graph.InputsAsNumpy().tolist())
        operations = [_operation(model, graph.Operators(index)) for index in range(graph.OperatorsLength())]
        varying = _varying(operations, inputs)
        values = _Values(data)
        tensors = [
            _tensor(graph.Tensors(index), values, index, index in varying) for index in range(graph.TensorsLength())
        ]
        running = [operation for operation in operations if varying.intersection(operation.outputs)]
        return cls(tuple(tensors), tuple(running), inputs, tuple(graph.OutputsAsNumpy().tolist()))


class _Values:
    """The values of the tensors, and their shapes, when a network runs on zeros: some shapes are known only then."""

    def __init__(self, data: bytes) -> None:
        self._interpreter = Interpreter(
            model_content=data,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_preserve_all_tensors=True,
        )
        try:
            self._interpreter.allocate_tensors()
            for details in self._interpreter.get_input_details():
                self._interpreter.set_tensor(details["index"], np.zeros(details["shape"], details["dtype"]))
            self._interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            raise CannotConvert(f"LiteRT cannot run it without XNNPACK: {first_line(error)}") from error
        self._shapes = {
            details["index"]: tuple(details["shape"].tolist()) for details in self._interpreter.get_tensor_details()
        }

    def shape(self, index: int) -> tuple[int, ...]:
        """The shape of a tensor; that of nothing for one that nothing uses."""
        return self._shapes.get(index, ())

    def __getitem__(self, index: int) -> npt.NDArray[Any] | None:
        try:
            value: npt.NDArray[Any] = self._interpreter.get_tensor(index)
        except ValueError:  # nothing uses it
            return None
        return value


def _name(code: Any) -> str:
    # Files from before there were more than 127 operations say the code in a field of its own.
    return str(_NAMES.get(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()), "UNKNOWN"))


def _operation(model: Any, operator: Any) -> Operation:
    code, options = model.OperatorCodes(operator.OpcodeIndex()), operator.BuiltinOptions()
    return Operation(
        _name(code),
        code.Version(),
        tuple(operator.InputsAsNumpy().tolist()) if operator.InputsLength() else (),
        tuple(operator.OutputsAsNumpy().tolist()) if operator.OutputsLength() else (),
        operator.BuiltinOptionsType(),
        schema.BuiltinOptionsCreator(operator.BuiltinOptionsType(), options) if options else None,
    )


def _varying(operations: list[Operation], inputs: tuple[int, ...]) -> set[int]:
    """The numbers of the tensors that hang on the network's input."""
    varying = set(inputs)
    for operation in operations:
        if operation.name not in _OF_SHAPES and varying.intersection(operation.inputs):
            varying.update(operation.outputs)
    return varying


def _tensor(tensor: Any, values: _Values, index: int, varies: bool) -> Tensor:
    quantisation = tensor.Quantization()
    known = bool(quantisation and quantisation.ScaleLength())
    scales = np.array(quantisation.ScaleAsNumpy() if known else [], np.float32)
    zeros = quantisation.ZeroPointAsNumpy() if known and quantisation.ZeroPointLength() else np.zeros(scales.size)
    return Tensor(
        np.dtype(DTYPES.get(tensor.Type(), np.void)),
        values.shape(index),
        scales,
        np.asarray(zeros).astype(np.int64),
        quantisation.QuantizedDimension() if known else 0,
        None if varies else values[index],
    )
