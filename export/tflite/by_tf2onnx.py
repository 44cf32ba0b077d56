"""Conversion of a `.tflite` file by tf2onnx: right for real numbers, near for whole ones, and no input missing."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from ai_edge_litert import schema_py_generated as schema
from onnx import TensorProto, helper
from tf2onnx.handler import tfl_op
from tf2onnx.tflite_handlers.tfl_math import TflFullyConnectedOp, TFlSoftmaxOp

from export.errors import CannotConvert, first_line
from export.network import network
from export.network.operations import OPSET
from export.tflite.file import Network, Tensor


@tfl_op(["TFL_FULLY_CONNECTED"])
class _FullyConnected:
    """tf2onnx's own drops the biases where the input has other than two dimensions; here it always has two."""

    @classmethod
    def to_tf(cls, ctx: Any, node: Any, **others: Any) -> None:
        if not node.attr["keep_num_dims"].i and ctx.get_rank(node.input[0]) != 2:
            size = ctx.get_shape(node.input[1])[1]
            shape = ctx.make_const(tf2onnx.utils.make_name("rows"), np.array([-1, size], np.int64))
            rows = ctx.make_node("Reshape", [node.input[0], shape.output[0]], shapes=[[-1, size]], dtypes=[1])
            rows.skip_conversion = True
            ctx.replace_input(node, node.input[0], rows.output[0], 0)
        TflFullyConnectedOp.to_tf(ctx, node, **others)


@tfl_op(["TFL_SOFTMAX"], tf_op="Softmax")
class _Softmax:
    """tf2onnx's own multiplies the shares with beta, not what they are made of."""

    @classmethod
    def to_tf(cls, ctx: Any, node: Any, **others: Any) -> None:
        beta = node.get_attr_value("beta")
        if beta != 1:
            factor = ctx.make_const(tf2onnx.utils.make_name("beta"), np.array(beta, np.float32))
            sharpened = ctx.make_node("Mul", [node.input[0], factor.output[0]], dtypes=[TensorProto.FLOAT])
            ctx.replace_input(node, node.input[0], sharpened.output[0], 0)
            node.set_attr("beta", 1.0)
        TFlSoftmaxOp.to_tf(ctx, node, **others)


def convert(path: Path, read: Network, given: str, wanted: str) -> onnx.ModelProto:
    """The network as a model from its only input, `given`, to float32 `wanted`.

    Raises CannotConvert, also where an input of an operation has become part of nothing.
    """
    with network.quiet(), warnings.catch_warnings(), tf.Graph().as_default():
        warnings.simplefilter("ignore")  # tf2onnx asks TensorFlow's own interpreter for shapes, which is deprecated
        try:
            graph = tf2onnx.tfonnx.process_tf_graph(None, opset=OPSET, tflite_path=str(path))
            _check_whole(graph, read, path)
            model: onnx.ModelProto = tf2onnx.optimizer.optimize_graph(graph).make_model("network")
        except CannotConvert:
            raise
        except Exception as error:  # tf2onnx raises many types
            raise CannotConvert(f"tf2onnx cannot convert the network: {first_line(error)}") from error
    network.check_operations(model)
    _rename(model.graph, model.graph.input[0].name, given)
    _dequantise(model.graph, wanted, read.tensors[read.outputs[0]])
    return model


def _check_whole(graph: Any, read: Network, path: Path) -> None:
    """Refuse a graph whose outputs do not hang on all weights and biases; what is computed has other names in it."""
    names = schema.Model.GetRootAsModel(path.read_bytes(), 0).Subgraphs(0)
    used, waiting = set(), list(graph.outputs)
    while waiting:
        name = waiting.pop()
        if name not in used:
            used.add(name)
            maker = graph.get_node_by_output(name)
            waiting += maker.input if maker else ()
    for operation in read.operations:
        for index in operation.inputs:
            name = names.Tensors(index).Name().decode() if index >= 0 else ""
            if index >= 0 and _is_weighty(read.tensors[index]) and not used.intersection((name, f"{name}_dequant")):
                raise CannotConvert(
                    f"tf2onnx uses not all of {operation.name}'s {len(operation.inputs)} inputs: {name} is missing."
                )


def _is_weighty(tensor: Tensor) -> bool:
    """Whether it is constant, and no shape, axis or place."""
    return tensor.data is not None and (tensor.scales.size > 0 or tensor.dtype.kind == "f")


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    for names in (names for node in graph.node for names in (node.input, node.output)):
        names[:] = [new if name == old else name for name in names]
    for value in (*graph.input, *graph.output):
        value.name = new if value.name == old else value.name


def _dequantise(graph: onnx.GraphProto, wanted: str, scores: Tensor) -> None:
    """Call the output `wanted`, float32 also where the model gives whole numbers."""
    given = graph.output[0]
    if not scores.scales.size:
        _rename(graph, given.name, wanted)
        return
    dtype = given.type.tensor_type.elem_type
    graph.initializer.append(helper.make_tensor("score_step", TensorProto.FLOAT, [], scores.scales))
    graph.initializer.append(helper.make_tensor("score_zero", dtype, [], scores.zeros))
    graph.node.append(helper.make_node("DequantizeLinear", [given.name, "score_step", "score_zero"], [wanted]))
    given.name, given.type.tensor_type.elem_type = wanted, TensorProto.FLOAT
