"""A trace as one flat graph for one picture: calls and loops inlined, variables frozen, the picture as its input."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from export.errors import CannotConvert, TooLarge
from export.graph.dataflow import Node, Tensor, resolve
from export.graph.saved_model import VARIABLES, SavedModel
from export.graph.trace import Trace, in_order, inputs_of

IMAGE = "image"
LARGEST_WEIGHTS = 2**31 - 2**24  # bytes: a file of Protocol Buffers holds 2 GiB, and the graph is in it too


@dataclass(frozen=True)
class FlatGraph:
    """A GraphDef without calls, loops and variables, and the names of the tensors that matter in it.

    graph_def takes `image`, uint8 [height, width, channels], and gives `scores`, [batch, classes]; `network_input` is
    the tensor that the first layer with weights sees.
    """

    graph_def: Any
    scores: str
    network_input: str


@dataclass(frozen=True)
class Subgraph:
    """A part of a graph, uncut: a GraphDef from the placeholder `input`, "" for none, to `outputs`; tensor names."""

    graph_def: Any
    input: str
    outputs: tuple[str, ...]


def flatten(model: SavedModel, trace: Trace, channels: int) -> FlatGraph:
    """Flatten a trace whose picture has so many channels; 0 stands for an unknown number."""
    copy = _GraphCopy(model, trace.image, channels)
    copy.add(trace.scores)
    copy.add(trace.network_input)
    copy.freeze()
    return FlatGraph(copy.graph_def, copy.name(trace.scores), copy.name(trace.network_input))


def subgraph(model: SavedModel, *tensors: Tensor) -> Subgraph:
    """Flatten what tensors need, from the only placeholder on."""
    copy = _GraphCopy(model)
    for tensor in tensors:
        copy.add(tensor)
    copy.freeze()
    if len(copy.placeholders) > 1:
        raise CannotConvert(f"The preprocessing needs more than one picture: {', '.join(copy.placeholders)}.")
    given = f"{copy.placeholders[0]}:0" if copy.placeholders else ""
    return Subgraph(copy.graph_def, given, tuple(copy.name(tensor) for tensor in tensors))


@dataclass
class _GraphCopy:
    """Copies what tensors need into `graph_def`; `image`, where given, becomes the only input."""

    model: SavedModel
    image: Node | None = None
    channels: int = 0
    graph_def: Any = field(default_factory=tf.compat.v1.GraphDef)
    placeholders: list[str] = field(default_factory=list)
    _constants: list[tuple[Any, str, tf.DType]] = field(default_factory=list)
    _added: set[Node] = field(default_factory=set)

    def __post_init__(self) -> None:
        # Before version 24 a scalar's shape meant "unknown"; the preprocessing put in front has a scalar input.
        versions = self.model.graph.graph_def_versions
        self.graph_def.versions.CopyFrom(versions)
        self.graph_def.versions.producer = max(versions.producer, 24)

    def name(self, tensor: Tensor) -> str:
        """The name that the tensor has in `graph_def`."""
        tensor = resolve(tensor)
        name = IMAGE if tensor.node is self.image else tensor.node.name
        return f"{name}:{tensor.index}"

    def add(self, tensor: Tensor) -> None:
        """Copy the tensor's node and all that it needs."""
        for node in in_order(tensor, self._is_leaf):
            if node not in self._added:
                self._added.add(node)
                self._copy(node)

    def freeze(self) -> None:
        """Put the variables' values into the constants that stand for them; all at once, one by one is slow."""
        values = self.model.variables({name: dtype for _, name, dtype in self._constants})
        size = sum(value.nbytes for value in values.values())
        if size > LARGEST_WEIGHTS:
            raise TooLarge(
                self.model.path,
                f"its weights take {size / 1e9:.1f} GB, and an ONNX file holds at most 2. Export a smaller network.",
            )
        for constant, name, dtype in self._constants:
            constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values[name], dtype))

    def _is_leaf(self, node: Node) -> bool:
        return node is self.image or node.op == "ReadVariableOp"

    def _copy(self, node: Node) -> None:
        if node is self.image:
            self._add_image()
        elif node.op == "Placeholder":
            self._add_input(node)
        elif node.op == "ReadVariableOp":
            self._add_variable(node, resolve(node.inputs[0]).node)
        elif node.op in VARIABLES:
            self._add_variable(node, node)
        else:
            self._add_node(node)

    def _add_image(self) -> None:
        placeholder = self.graph_def.node.add(name=IMAGE, op="Placeholder")
        placeholder.attr["dtype"].type = tf.uint8.as_datatype_enum
        shape = tf.TensorShape([None, None, self.channels or None])
        placeholder.attr["shape"].shape.CopyFrom(shape.as_proto())

    def _add_input(self, placeholder: Node) -> None:
        """An input of the signature; beside the picture only the size of its batch still matters: one.

        A switch, which says whether this is training, is off.
        """
        copy = self._add_node(placeholder)
        dtype = tf.dtypes.as_dtype(copy.attr["dtype"].type)
        if not self.image and dtype != tf.bool:
            self.placeholders.append(placeholder.name)
            return
        copy.op = "Const"
        shape = [1] * len(copy.attr["shape"].shape.dim)
        del copy.attr["shape"]
        empty = np.full(shape, b"" if dtype == tf.string else 0, dtype.as_numpy_dtype)
        copy.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(empty, dtype))

    def _add_variable(self, node: Node, variable: Node) -> None:
        if variable.op not in VARIABLES:
            raise CannotConvert(f"{node.name} reads a variable that is made in a way not understood ({variable.op}).")
        dtype = tf.dtypes.as_dtype(variable.definition.attr["dtype"].type)
        constant = self.graph_def.node.add(name=node.name, op="Const")
        constant.attr["dtype"].type = dtype.as_datatype_enum
        self._constants.append((constant, variable.name, dtype))

    def _add_node(self, node: Node) -> Any:
        copy = self.graph_def.node.add(name=node.name, op=node.op)
        # A node's first output goes by the node's name alone: TensorFlow's optimiser makes "wait for" inputs of that.
        copy.input.extend(self.name(value).removesuffix(":0") for value in inputs_of(node))
        for name, value in node.definition.attr.items():
            if not name.startswith("_"):
                copy.attr[name].CopyFrom(value)
        if any(value.HasField("func") for value in copy.attr.values()) and not self.graph_def.library.function:
            self.graph_def.library.CopyFrom(self.model.graph.as_graph_def().library)
        return copy
