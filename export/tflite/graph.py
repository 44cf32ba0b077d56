"""The ONNX graph while it is built, value by value, beside the `.tflite` network that it is a translation of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from export.tflite.file import Network, Operation, Tensor

TO_CHANNELS_FIRST, _TO_LAST = (0, 3, 1, 2), (0, 2, 3, 1)


class NotTranslated(Exception):
    """An operation that the package does not translate, as the end of a sentence: `MUL of int16`."""


class Graph:
    """Nodes and constants. Tensors are told by their numbers in the network.

    int8 is held as uint8, 128 higher, its zero point too: onnxruntime multiplies uint8 faster, and on processors
    without VNNI it adds products with int8 weights in 16 bits, which overflow. What has four dimensions is held with
    the channels last, as in the network, or first, as convolutions want it, or both.
    """

    def __init__(self, network: Network) -> None:
        self.tensors = network.tensors
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._tables: dict[int, tuple[int, npt.NDArray[np.uint8]]] = {}
        self._last: dict[int, str] = {}
        self._first: dict[int, str] = {}

    def constant(self, value: Any, dtype: npt.DTypeLike) -> str:
        """The name of a new constant."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(np.asarray(value, dtype)), name))
        return name

    def node(self, operation: str, *inputs: str, **attributes: Any) -> str:
        """The name of what a new node gives."""
        return self.nodes_of(operation, 1, *inputs, **attributes)[0]

    def nodes_of(self, operation: str, outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        """The names of all that a new node gives."""
        names = [f"value_{len(self.nodes)}_{number}" for number in range(outputs)]
        self.nodes.append(helper.make_node(operation, inputs, names, **attributes))
        return names

    def cast(self, value: str, dtype: npt.DTypeLike) -> str:
        """A value in another type."""
        return self.node("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def reshape(self, value: str, shape: tuple[int, ...]) -> str:
        """A value in another shape."""
        return self.node("Reshape", value, self.constant(shape, np.int64))

    def give(self, index: int, value: str, *, channels_first: bool = False) -> None:
        """Say which value holds a tensor."""
        (self._first if channels_first else self._last)[index] = value

    def looks_up(self, index: int, source: int, table: npt.NDArray[np.uint8]) -> None:
        """Say that a tensor of eight bits is what a table of 256 says for another one."""
        self._tables[index] = source, table

    def table(self, index: int) -> tuple[int, npt.NDArray[np.uint8]]:
        """The tensor that a tensor of eight bits is looked up for, and the table; itself where it is not."""
        return self._tables.get(index, (index, np.arange(256, dtype=np.uint8)))

    def give_from(self, index: int, source: int, operation: Callable[[str], str]) -> None:
        """Say that a tensor is what an operation makes of another, number by number, in whichever order it is held."""
        first = self.is_channels_first(source)
        value = self.channels_first(source) if first else self.plain(source)
        self.give(index, operation(value), channels_first=first)

    def needed(self, value: str) -> list[onnx.NodeProto]:
        """The nodes that a value hangs on, in order; some of those that were built turn out to be of no use."""
        wanted, nodes = {value}, []
        for node in reversed(self.nodes):
            if wanted.intersection(node.output):
                wanted.update(node.input)
                nodes.append(node)
        return nodes[::-1]

    def plain(self, index: int) -> str:
        """A tensor with its dimensions as they are in the network."""
        if index not in self._last:
            first = self._first.get(index)
            self._last[index] = self._turned(index, first, _TO_LAST) if first else self._held(index)
        return self._last[index]

    def channels_first(self, index: int) -> str:
        """A tensor of four dimensions as [batch, channels, height, width]."""
        if index not in self._first:
            self._first[index] = self._turned(index, self.plain(index), TO_CHANNELS_FIRST)
        return self._first[index]

    def is_channels_first(self, index: int) -> bool:
        """Whether a tensor is held so."""
        return index in self._first

    def aligned(self, index: int, rank: int, channels_first: bool) -> str:
        """A tensor with ones put in front of its dimensions until there are `rank`, to be broadcast."""
        shape = self.tensors[index].shape
        if len(shape) == rank:
            return self.channels_first(index) if channels_first else self.plain(index)
        shape = (1,) * (rank - len(shape)) + shape
        value = self.reshape(self.plain(index), shape)
        return self.node("Transpose", value, perm=TO_CHANNELS_FIRST) if channels_first else value

    def _held(self, index: int) -> str:
        tensor = self.tensors[index]
        if tensor.data is None:
            raise NotTranslated("an operation whose input nothing gives")
        return self.constant(held(tensor), held_as(tensor))

    def _turned(self, index: int, value: str, order: tuple[int, ...]) -> str:
        batch, height, width, channels = self.tensors[index].shape
        if channels == 1 or height == width == 1:  # no number changes its place
            return self.reshape(
                value, (batch, height, width, channels) if order == _TO_LAST else (batch, channels, height, width)
            )
        return self.node("Transpose", value, perm=order)


def shift(tensor: Tensor) -> int:
    """How much higher than in the network a tensor's numbers are held."""
    return 128 if tensor.dtype == np.int8 else 0


def held_as(tensor: Tensor) -> np.dtype[Any]:
    """The type in which a tensor is held."""
    return np.dtype(np.uint8) if tensor.dtype == np.int8 else tensor.dtype


def held(tensor: Tensor) -> npt.NDArray[Any]:
    """A constant as it is held."""
    assert tensor.data is not None
    return (tensor.data.astype(np.int16) + 128).astype(np.uint8) if tensor.dtype == np.int8 else tensor.data


def zero(tensor: Tensor) -> int:
    """The number that stands for zero, as it is held."""
    return (int(tensor.zeros[0]) if tensor.zeros.size else 0) + shift(tensor)


def scale(tensor: Tensor) -> np.float32:
    """The distance of two neighbouring numbers of a tensor that has one scale."""
    if tensor.scales.size != 1:
        raise NotTranslated("a value without one scale")
    only: np.float32 = tensor.scales[0]
    return only


class Call:
    """An operation that is being translated. It notes which inputs were used, because none may be dropped."""

    def __init__(self, graph: Graph, operation: Operation) -> None:
        self.graph = graph
        self.name = operation.name
        self.options = operation.options
        self.operation = operation
        self._used: set[int] = set()

    def index(self, place: int) -> int:
        """The number of the tensor that is the input at a place; -1 where there is none."""
        inputs = self.operation.inputs
        self._used.add(place)
        return inputs[place] if place < len(inputs) else -1

    def input(self, place: int = 0) -> Tensor:
        """The tensor that is the input at a place."""
        index = self.index(place)
        if index < 0:
            raise NotTranslated(f"{self.name} without its input {place}")
        return self.graph.tensors[index]

    def constant(self, place: int) -> npt.NDArray[Any]:
        """The numbers of a constant input."""
        data = self.input(place).data
        if data is None:
            raise NotTranslated(f"{self.name} whose input {place} is no constant")
        return data

    @property
    def output(self) -> Tensor:
        """The tensor that is the first output."""
        return self.graph.tensors[self.operation.outputs[0]]

    def give(self, value: str, *, channels_first: bool = False) -> None:
        """Say which value holds the first output."""
        self.graph.give(self.operation.outputs[0], value, channels_first=channels_first)

    def give_from(self, place: int, operation: Callable[[str], str]) -> None:
        """Say that the output is what an operation makes of an input, number by number."""
        self.graph.give_from(self.operation.outputs[0], self.index(place), operation)

    def settled(self) -> None:
        """Say that the other inputs are known by the shape of the output."""
        self._used.update(range(len(self.operation.inputs)))

    def dropped(self) -> list[int]:
        """The places of the inputs that nothing used."""
        return [place for place, index in enumerate(self.operation.inputs) if index >= 0 and place not in self._used]
