"""A `.tflite` file with operations put before and behind its network, which itself is not touched."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from export.errors import CannotConvert
from export.formats.tflite.metadata import packed

_TYPES = {
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.uint8): schema.TensorType.UINT8,
    np.dtype(np.int8): schema.TensorType.INT8,
    np.dtype(np.int32): schema.TensorType.INT32,
}
_VERSIONS = {"DEQUANTIZE": 2}  # the first that takes int8; of all others 1
_MOST_IN_PLACE = 1  # larger offsets mean weights that lie behind the flatbuffer


@dataclass
class Edited:
    """A file opened for that."""

    data: bytes
    model: Any = field(init=False)
    _before: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.model = schema.ModelT.InitFromPackedBuf(self.data, 0)
        if any((buffer.offset or 0) > _MOST_IN_PLACE for buffer in self.model.buffers):
            raise CannotConvert("The model's weights lie behind its flatbuffer, as of models over 2 GB. Copy the file.")

    @property
    def _graph(self) -> Any:
        return self.model.subgraphs[0]

    @property
    def input(self) -> int:
        """The number of the tensor that the network takes."""
        return int(self._graph.inputs[0])

    @property
    def output(self) -> int:
        """The number of the tensor that the network gives."""
        return int(self._graph.outputs[0])

    def tensor(self, shape: tuple[int, ...], dtype: npt.DTypeLike, like: int | None = None, shift: int = 0) -> int:
        """A new value; quantised as the tensor `like` is, with its zero point shifted."""
        written = schema.TensorT()
        written.shape, written.type, written.name = list(shape), _TYPES[np.dtype(dtype)], b""
        written.name = f"added_{len(self._graph.tensors)}".encode()
        if like is not None and (old := self._graph.tensors[like].quantization) is not None:
            written.quantization = schema.QuantizationParametersT()
            written.quantization.scale = np.asarray(old.scale, np.float32)
            written.quantization.zeroPoint = np.asarray(old.zeroPoint, np.int64) + shift
        self._graph.tensors.append(written)
        return len(self._graph.tensors) - 1

    def constant(self, values: npt.ArrayLike, dtype: npt.DTypeLike) -> int:
        """A new constant."""
        data = np.ascontiguousarray(values, dtype)
        index, buffer = self.tensor(data.shape, dtype), schema.BufferT()
        buffer.data = np.frombuffer(data.tobytes(), np.uint8)
        self._graph.tensors[index].buffer = len(self.model.buffers)
        self.model.buffers.append(buffer)
        return index

    def before(self, name: str, inputs: list[int], output: int, options: str = "", **values: Any) -> None:
        """An operation before the network's own, behind those already put there."""
        self._before.append(self._operation(name, inputs, output, options, values))

    def behind(self, name: str, inputs: list[int], output: int, options: str = "", **values: Any) -> None:
        """An operation behind all others."""
        self._graph.operators.append(self._operation(name, inputs, output, options, values))

    def finished(self, given: int, scores: int) -> bytes:
        """The file with another input and output."""
        graph = self._graph
        graph.operators = [*self._before, *graph.operators]
        for signature in self.model.signatureDefs or ():
            for maps, index in ((signature.inputs, given), (signature.outputs, scores)):
                for tensor in maps or ():
                    tensor.tensorIndex = index
        graph.inputs, graph.outputs = [given], [scores]
        return packed(self.model)

    def _operation(self, name: str, inputs: list[int], output: int, options: str, values: dict[str, Any]) -> Any:
        code, written = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), _VERSIONS.get(name, 1)
        written.opcodeIndex, written.inputs, written.outputs = len(self.model.operatorCodes), inputs, [output]
        self.model.operatorCodes.append(code)
        if options:
            written.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            written.builtinOptions = getattr(schema, f"{options}T")()
            for key, value in values.items():
                setattr(written.builtinOptions, key, value)
        return written
