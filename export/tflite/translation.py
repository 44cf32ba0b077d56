"""A `.tflite` network in ONNX, operation by operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import onnx
from onnx import helper

from export.errors import CannotConvert
from export.network.operations import OPSET
from export.tflite import arithmetic, convolutions, movement, pooling, softmax, unary
from export.tflite.file import Network, Tensor
from export.tflite.graph import Call, Graph, NotTranslated, scale, shift, zero

_OPERATIONS: dict[str, Callable[[Call], None]] = {
    **dict.fromkeys(arithmetic.OPERATIONS, arithmetic.elementwise),
    **dict.fromkeys(unary.OPERATIONS, unary.unary),
    **dict.fromkeys(("MEAN", "REDUCE_MAX", "REDUCE_MIN"), pooling.reduction),
    **dict.fromkeys(("RESHAPE", "SQUEEZE", "EXPAND_DIMS"), movement.reshape),
    **dict.fromkeys(("SPLIT", "SPLIT_V", "UNPACK"), movement.split),
    **dict.fromkeys(("PAD", "PADV2"), movement.pad),
    **dict.fromkeys(("STRIDED_SLICE", "SLICE"), movement.strided_slice),
    "AVERAGE_POOL_2D": pooling.average_pool,
    "CAST": unary.cast,
    "CONCATENATION": movement.concatenation,
    "CONV_2D": convolutions.convolution,
    "DEPTHWISE_CONV_2D": convolutions.depthwise_convolution,
    "FULLY_CONNECTED": convolutions.fully_connected,
    "MAX_POOL_2D": pooling.max_pool,
    "MIRROR_PAD": movement.mirror_pad,
    "PACK": movement.pack,
    "RESIZE_NEAREST_NEIGHBOR": movement.resize_nearest,
    "SOFTMAX": softmax.softmax,
    "TRANSPOSE": movement.transpose,
}


def translate(network: Network, given: Sequence[str], wanted: str) -> onnx.ModelProto:
    """The network as a model, its inputs called `given` and its first output, made float32, `wanted`.

    Raises NotTranslated, naming what has no translation, and CannotConvert for an input that was not used.
    """
    graph = Graph(network)
    for index, name in zip(network.inputs, given):
        _take(graph, index, name)
    for operation in network.operations:
        if operation.name not in _OPERATIONS:
            raise NotTranslated(operation.name)
        call = Call(graph, operation)
        _OPERATIONS[operation.name](call)
        if dropped := call.dropped():
            raise CannotConvert(f"Of {operation.name}'s {len(operation.inputs)} inputs {dropped} were not used.")
    _finish(graph, network.outputs[0], wanted)
    pixels = [_info(name, network.tensors[index]) for index, name in zip(network.inputs, given)]
    scores = _info(wanted, replace(network.tensors[network.outputs[0]], dtype=np.dtype(np.float32)))
    whole = helper.make_graph(graph.needed(wanted), "network", pixels, [scores], graph.constants)
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)])


def _take(graph: Graph, index: int, name: str) -> None:
    tensor = graph.tensors[index]
    if shift(tensor):
        higher = graph.node("Add", graph.cast(name, np.int32), graph.constant(shift(tensor), np.int32))
        name = graph.cast(higher, np.uint8)
    graph.give(index, name)


def _finish(graph: Graph, index: int, wanted: str) -> None:
    """Call an output `wanted`, in real numbers."""
    value, scores = graph.plain(index), graph.tensors[index]
    if scores.is_quantised:
        step, middle = graph.constant(scale(scores), np.float32), graph.constant(zero(scores), np.uint8)
        graph.nodes.append(helper.make_node("DequantizeLinear", [value, step, middle], [wanted]))
    elif scores.dtype == np.float32:
        graph.nodes.append(helper.make_node("Identity", [value], [wanted]))
    else:
        raise NotTranslated(f"an output of {scores.dtype}")


def _info(name: str, tensor: Tensor) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(tensor.dtype), tensor.shape)
