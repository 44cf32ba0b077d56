"""A TensorFlow.js graph model as a SavedModel: its graph, its weights as constants, fused layers taken apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import saved_model_pb2

from export.errors import CannotOpen, Damaged, first_line
from export.importers.tensorflow_js import operations
from export.importers.tensorflow_js.document import Document
from export.importers.tensorflow_js.fused import unfuse

GraphDef = Any  # protocol buffers without type stubs
NodeDef = Any
Weights = Mapping[str, npt.NDArray[Any]]

_SIGNATURE = "serving_default"
_SCALARS_SINCE = 24  # before this version of graphs a scalar's shape meant "unknown"
_DTYPES = {
    "float32": (tf.float32, tf.float64, tf.float16, tf.bfloat16),
    "int32": (tf.int32, tf.int64, tf.int16, tf.int8, tf.uint8, tf.uint16, tf.uint32),
    "bool": (tf.bool,),
    "complex64": (tf.complex64, tf.complex128),
    "object": (tf.string,),
}
"""The types that the graph may name for values that TensorFlow.js keeps in one of its few types."""


def save(document: Document, weights: Weights, folder: Path) -> None:
    """Write the model to `folder` as a SavedModel; raises CannotOpen, or Damaged where graph and weights do not fit."""
    graph_def = rebuild(document, weights)
    saved = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    meta_graph = saved.meta_graphs.add()
    meta_graph.meta_info_def.tags.append(tf.saved_model.SERVING)
    meta_graph.graph_def.CopyFrom(graph_def)
    _sign(document, graph_def, meta_graph.signature_def[_SIGNATURE])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "saved_model.pb").write_bytes(saved.SerializeToString())


def rebuild(document: Document, weights: Weights) -> GraphDef:
    """The graph as TensorFlow computes it: each weight is used once, as the constant of its name."""
    graph_def = _parse(document.path, document.topology, tf.compat.v1.GraphDef())
    parts = [graph_def.node, *(function.node_def for function in graph_def.library.function)]
    operations.check(document.path, (node.op for part in parts for node in part))
    _fill(document, [node for part in parts for node in part if node.op == "Const"], weights)
    unfuse(document.path, graph_def)
    for part in parts:
        for node in part:
            _unplace(node)
    graph_def.versions.producer = max(graph_def.versions.producer, _SCALARS_SINCE)
    return graph_def


def _unplace(node: NodeDef) -> None:
    """Forget on which device the node ran, and beside which other: TensorFlow.js does, and they may not be here."""
    node.ClearField("device")
    for name in [name for name in node.attr if name.startswith("_")]:
        del node.attr[name]


def _parse(path: Path, content: Mapping[str, Any], message: Any) -> Any:
    try:
        return json_format.ParseDict(dict(content), message, ignore_unknown_fields=True)
    except (json_format.ParseError, RecursionError, ValueError, TypeError, AttributeError) as error:
        raise Damaged(path, f"its graph cannot be read ({first_line(error)})") from error


def _fill(document: Document, constants: Iterable[NodeDef], weights: Weights) -> None:
    """Put the weights into the constants; an initializer's own are not those of the network."""
    initial = {str(node.get("name")) for node in document.initializer.get("node", ()) if isinstance(node, dict)}
    left = dict(weights)
    for node in constants:
        if node.name in left:
            _put(document.path, node, left.pop(node.name))
        elif node.name in weights:
            raise Damaged(document.path, f"its graph has two constants of the name {node.name!r}")
        elif _is_empty(node):
            raise Damaged(document.path, f"its weight {node.name} is not in the weightsManifest")
    if unused := sorted(left.keys() - initial):
        raise Damaged(document.path, f"the weights {', '.join(unused[:3])} are part of no network in it")


def _is_empty(node: NodeDef) -> bool:
    """Whether a constant holds no values, though its shape wants some; TensorFlow would take zeros."""
    value = node.attr["value"].tensor
    wanted = tf.TensorShape(value.tensor_shape).num_elements()
    held = [
        field.name for field, _ in value.ListFields() if field.name not in ("dtype", "tensor_shape", "version_number")
    ]
    return wanted != 0 and not held


def _put(path: Path, node: NodeDef, values: npt.NDArray[Any]) -> None:
    try:
        dtype = tf.dtypes.as_dtype(node.attr["dtype"].type or node.attr["value"].tensor.dtype)
    except TypeError as error:
        raise Damaged(path, f"its graph does not say of which type the weight {node.name} is") from error
    if dtype not in _DTYPES[values.dtype.name]:
        raise Damaged(path, f"its weight {node.name} is {values.dtype.name}, where the graph has {dtype.name}")
    tensor = node.attr["value"].tensor
    if tensor.HasField("tensor_shape") and tensor.tensor_shape.dim:
        shape = tf.TensorShape(tensor.tensor_shape)
        if not shape.is_compatible_with(values.shape):
            raise Damaged(path, f"its weight {node.name} is of shape {list(values.shape)}, where the graph has {shape}")
    typed = values.astype(dtype.as_numpy_dtype)
    if dtype.is_integer and not np.array_equal(typed, values):
        raise Damaged(path, f"its weight {node.name} has values that {dtype.name} cannot hold")
    node.attr["dtype"].type = dtype.as_datatype_enum
    tensor.CopyFrom(tf.make_tensor_proto(typed, dtype, values.shape))


def _sign(document: Document, graph_def: GraphDef, signature: Any) -> None:
    """Fill in the inputs and outputs that the model names, else its placeholders and what nothing reads."""
    graph = tf.Graph()
    try:
        with graph.as_default():
            tf.import_graph_def(graph_def, name="")
    except (ValueError, tf.errors.OpError) as error:
        raise CannotOpen(document.path, f"TensorFlow cannot load its graph: {first_line(error)}") from error
    said = _parse(document.path, document.signature, type(signature)())
    inputs = dict(_named(document.path, graph, said.inputs)) or dict(_placeholders(graph))
    outputs = dict(_named(document.path, graph, said.outputs)) or dict(_ends(graph))
    for tensors, field in ((inputs, signature.inputs), (outputs, signature.outputs)):
        for key, tensor in tensors.items():
            field[key].name = tensor.name
            field[key].dtype = tensor.dtype.as_datatype_enum
            field[key].tensor_shape.CopyFrom(tensor.shape.as_proto())
    signature.method_name = "tensorflow/serving/predict"


def _named(path: Path, graph: tf.Graph, entries: Mapping[str, Any]) -> Iterator[tuple[str, tf.Tensor]]:
    for key in entries:
        name = entries[key].name
        try:
            yield key, graph.get_tensor_by_name(name if ":" in name else f"{name}:0")
        except (KeyError, ValueError) as error:
            raise Damaged(path, f"its signature names {name!r}, which is not in its graph") from error


def _placeholders(graph: tf.Graph) -> Iterator[tuple[str, tf.Tensor]]:
    for operation in graph.get_operations():
        if operation.type == "Placeholder":
            yield operation.name, operation.outputs[0]


def _ends(graph: tf.Graph) -> Iterator[tuple[str, tf.Tensor]]:
    """The first outputs of the operations that no other reads."""
    for operation in graph.get_operations():
        is_read = any(output.consumers() for output in operation.outputs)
        if operation.outputs and operation.inputs and not is_read:
            yield operation.name, operation.outputs[0]
