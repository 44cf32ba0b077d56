"""A signature as one flat graph for one picture: calls and loops inlined, variables frozen, the decoder cut off."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from export.dataflow import Node, Tensor, branches, resolve
from export.errors import CannotConvert, NotAClassifier
from export.saved_model import VARIABLES, SavedModel

IMAGE = "image"
DECODERS = frozenset(("DecodeImage", "DecodeJpeg", "DecodePng", "DecodeBmp", "DecodeGif", "DecodeAndCropJpeg"))
LAYERS = frozenset(("Conv2D", "DepthwiseConv2dNative", "Conv3D", "MatMul", "BatchMatMulV2", "Einsum"))
"""Operations with weights: the first of them that the picture reaches is where the network begins."""


@dataclass(frozen=True)
class FlatGraph:
    """A GraphDef without calls, loops and variables, and the names of the tensors that matter in it.

    graph_def takes `image`, uint8 [height, width, 3], and gives `scores`, [1, classes]; `network_input` is the
    tensor that the first layer with weights sees. decoder is the node that was cut off, of several under conditions
    the one for JPEG, and bytes_graph_def is what stood around it: from `bytes_input`, the signature's own string
    input, to `network_input`.
    """

    graph_def: Any
    scores: str
    network_input: str
    decoder: Node
    bytes_graph_def: Any
    bytes_input: str


def flatten(model: SavedModel, scores: Tensor) -> FlatGraph:
    """Flatten what `scores` needs; CannotConvert when no image decoder stands between it and the input."""
    cut = _Flattener(model, cut=True)
    cut.add(scores)
    if cut.decoder is None:
        raise CannotConvert("The graph takes strings, but no image decoder was found between them and the scores.")
    if cut.network_input is None:
        raise NotAClassifier("There is no layer with weights between the picture and the scores.")
    whole = _Flattener(model, cut=False)
    whole.add(cut.network_input)
    assert whole.bytes_input is not None
    return FlatGraph(
        graph_def=cut.graph_def,
        scores=cut.name(scores),
        network_input=cut.name(cut.network_input),
        decoder=cut.decoder,
        bytes_graph_def=whole.graph_def,
        bytes_input=whole.bytes_input,
    )


@dataclass
class _Flattener:
    """Copies what a tensor needs into `graph_def`, inputs before their readers."""

    model: SavedModel
    cut: bool
    graph_def: Any = field(default_factory=tf.compat.v1.GraphDef)
    decoder: Node | None = None
    cut_at: Node | None = None
    network_input: Tensor | None = None
    bytes_input: str | None = None
    _constants: list[tuple[Any, str, tf.DType]] = field(default_factory=list)
    _added: set[Node] = field(default_factory=set)
    _sees_picture: set[Node] = field(default_factory=set)

    def __post_init__(self) -> None:
        # Before version 24 a scalar's shape meant "unknown"; the preprocessing put in front has a scalar input.
        versions = self.model.graph.graph_def_versions
        self.graph_def.versions.CopyFrom(versions)
        self.graph_def.versions.producer = max(versions.producer, 24)

    def name(self, tensor: Tensor) -> str:
        """The name that the tensor has in `graph_def`."""
        tensor = resolve(tensor)
        name = IMAGE if tensor.node is self.cut_at else tensor.node.name
        return f"{name}:{tensor.index}"

    def add(self, tensor: Tensor) -> None:
        """Copy the tensor's node and all that it needs; without recursion, networks are deep."""
        waiting = [(resolve(tensor).node, False)]
        while waiting:
            node, inputs_added = waiting.pop()
            if node in self._added:
                continue
            inputs = [] if self._is_leaf(node) else [resolve(value) for value in node.inputs]
            if inputs_added or not inputs:
                self._added.add(node)
                self._copy(node, inputs)
            else:
                waiting.append((node, True))
                waiting.extend((value.node, False) for value in inputs)
        self._freeze()

    def _is_leaf(self, node: Node) -> bool:
        return node.op == "ReadVariableOp" or (self.cut and bool(_decoders(node)))

    def _copy(self, node: Node, inputs: list[Tensor]) -> None:
        if self.cut and (decoders := _decoders(node)):
            self._add_image(node, decoders)
        elif node.op == "Placeholder":
            self._add_input(node)
        elif node.op == "ReadVariableOp":
            self._add_variable(node, resolve(node.inputs[0]).node)
        elif node.op in VARIABLES:
            self._add_variable(node, node)
        else:
            self._add_node(node, inputs)
            self._note_picture(node, inputs)

    def _add_image(self, node: Node, decoders: list[Node]) -> None:
        """The uint8 picture in place of the decoder, or of the node where several of them join."""
        if self.cut_at is not None:
            raise CannotConvert(f"The graph decodes in two places, {self.cut_at.name} and {node.name}.")
        self.cut_at = node
        self.decoder = min(decoders, key=lambda decoder: decoder.op not in ("DecodeJpeg", "DecodeImage"))
        self._sees_picture.add(node)
        placeholder = self.graph_def.node.add(name=IMAGE, op="Placeholder")
        placeholder.attr["dtype"].type = tf.uint8.as_datatype_enum
        placeholder.attr["shape"].shape.CopyFrom(tf.TensorShape([None, None, 3]).as_proto())

    def _add_input(self, placeholder: Node) -> None:
        """The signature's own input; when the decoder is cut off, only the size of its batch still matters: one."""
        copy = self._add_node(placeholder, [])
        if not self.cut:
            self.bytes_input = f"{placeholder.name}:0"
            return
        copy.op = "Const"
        shape = [1] * len(copy.attr["shape"].shape.dim)
        dtype = tf.dtypes.as_dtype(copy.attr["dtype"].type)
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

    def _freeze(self) -> None:
        """Put the variables' values into the constants that stand for them; all at once, one by one is slow."""
        values = self.model.variables({name: dtype for _, name, dtype in self._constants})
        for constant, name, dtype in self._constants:
            constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values[name], dtype))

    def _add_node(self, node: Node, inputs: list[Tensor]) -> Any:
        copy = self.graph_def.node.add(name=node.name, op=node.op)
        copy.input.extend(self.name(value) for value in inputs)
        for name, value in node.definition.attr.items():
            if not name.startswith("_"):
                copy.attr[name].CopyFrom(value)
        if any(value.HasField("func") for value in copy.attr.values()) and not self.graph_def.library.function:
            self.graph_def.library.CopyFrom(self.model.graph.as_graph_def().library)
        return copy

    def _note_picture(self, node: Node, inputs: list[Tensor]) -> None:
        seen = [value for value in inputs if value.node in self._sees_picture]
        if not seen:
            return
        self._sees_picture.add(node)
        if node.op in LAYERS and self.network_input is None:
            self.network_input = seen[0]


def _decoders(node: Node) -> list[Node]:
    """The decoders of which the node is one or, under conditions, the other; none when it can be something else.

    Before version 2.3 TensorFlow chose the decoder for `decode_image` by conditions in the graph.
    """
    if node.op in DECODERS:
        return [node]
    found = [_decoders(resolve(branch).node) for branch in branches(Tensor(node))]
    return [decoder for decoders in found for decoder in decoders] if all(found) else []
