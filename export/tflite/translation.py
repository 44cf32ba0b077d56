"""A `.tflite` network in ONNX, operation by operation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import helper

from export.errors import CannotConvert
from export.network.operations import OPSET
from export.tflite import arithmetic, convolutions, movement, pooling, softmax, unary
from export.tflite.file import Network
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


def translate(network: Network, given: str, wanted: str) -> onnx.ModelProto:
    """The network as a model from its only input, `given`, to float32 `wanted`.

    Raises NotTranslated, naming what has no translation, and CannotConvert for an input that was not used.
    """
    graph = Graph(network)
    _take(graph, network.inputs[0], given)
    for operation in network.operations:
        if operation.name not in _OPERATIONS:
            raise NotTranslated(operation.name)
        call = Call(graph, operation)
        _OPERATIONS[operation.name](call)
        if dropped := call.dropped():
            raise CannotConvert(f"Of {operation.name}'s {len(operation.inputs)} inputs {dropped} were not used.")
    return _model(graph, network, given, wanted)


def _take(graph: Graph, index: int, name: str) -> None:
    tensor = graph.tensors[index]
    if shift(tensor):
        higher = graph.node("Add", graph.cast(name, np.int32), graph.constant(shift(tensor), np.int32))
        name = graph.cast(higher, np.uint8)
    graph.give(index, name)


def _model(graph: Graph, network: Network, given: str, wanted: str) -> onnx.ModelProto:
    pixels, scores = (network.tensors[index] for index in (network.inputs[0], network.outputs[0]))
    value = graph.plain(network.outputs[0])
    if scores.is_quantised:
        step, middle = graph.constant(scale(scores), np.float32), graph.constant(zero(scores), np.uint8)
        graph.nodes.append(helper.make_node("DequantizeLinear", [value, step, middle], [wanted]))
    elif scores.dtype == np.float32:
        graph.nodes.append(helper.make_node("Identity", [value], [wanted]))
    else:
        raise NotTranslated(f"an output of {scores.dtype}")
    values = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(dtype), tensor.shape)
        for name, tensor, dtype in ((given, pixels, pixels.dtype), (wanted, scores, np.dtype(np.float32)))
    ]
    whole = helper.make_graph(graph.nodes, "network", values[:1], values[1:], graph.constants)
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)])
