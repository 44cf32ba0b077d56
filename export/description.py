"""The graph between picture and network, in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from export.errors import CannotConvert
from export.flatten import IMAGE, FlatGraph
from predictor import Decoding

_WORDS = {
    "Mul": "multiply by",
    "RealDiv": "divide by",
    "Div": "divide by",
    "Sub": "subtract",
    "AddV2": "add",
    "Add": "add",
}
_SILENT = frozenset(("ExpandDims", "Squeeze", "EnsureShape", "Reshape", "Identity", "GatherV2"))
_ACTIVATIONS = {"Softmax": "softmax", "Sigmoid": "sigmoid"}


def decoding(flat: FlatGraph) -> Decoding:
    """How the cut-off decoder decoded; CannotConvert for what the predictor cannot do alike."""
    node, attributes = flat.decoder, flat.decoder.definition.attr
    if node.op == "DecodeAndCropJpeg":
        raise CannotConvert("The graph decodes a part of the picture only (DecodeAndCropJpeg), which is not supported.")
    if attributes["channels"].i != 3:
        raise CannotConvert(f"The decoder {node.name} makes {attributes['channels'].i} channels; only 3 are supported.")
    if attributes["ratio"].i > 1:
        raise CannotConvert(f"The decoder {node.name} shrinks by {attributes['ratio'].i}, which is not supported.")
    if attributes["dtype"].type not in (tf.uint8.as_datatype_enum, 0):
        raise CannotConvert(f"The decoder {node.name} does not make uint8 pixels, which is not supported.")
    accurate = attributes["dct_method"].s == b"INTEGER_ACCURATE"
    smooth = attributes["fancy_upscaling"].b if "fancy_upscaling" in attributes else True
    return Decoding("accurate" if accurate else "fast", smooth)


def preprocessing(flat: FlatGraph) -> tuple[str, ...]:
    """The steps from file to network input, first to last."""
    nodes = {node.name: node for node in flat.graph_def.node}
    steps: list[str] = []
    name = _node_name(flat.network_input)
    while name != IMAGE:
        node = nodes[name]
        inputs = [_node_name(tensor) for tensor in node.input]
        data = next((i for i, input_name in enumerate(inputs) if nodes[input_name].op != "Const"), None)
        if node.op not in _SILENT:
            constants = [tf.make_ndarray(nodes[i].attr["value"].tensor) for i in inputs if nodes[i].op == "Const"]
            steps.append(_in_words(node, constants))
        if data is None:
            break
        name = inputs[data]
    decoder = f"{flat.decoder.op}, 3 channels, {decoding(flat).jpeg_transform} JPEG transform"
    return (decoder, *reversed(steps))


def activation(flat: FlatGraph) -> str:
    """What makes the scores: `softmax`, `sigmoid`, or `none` for anything else."""
    nodes = {node.name: node for node in flat.graph_def.node}
    node = nodes[_node_name(flat.scores)]
    while node.op in _SILENT:
        node = nodes[_node_name(node.input[0])]
    return _ACTIVATIONS.get(node.op, "none")


def _in_words(node: Any, constants: list[Any]) -> str:
    if node.op == "ResizeBilinear":
        height, width = constants[0] if constants else ("?", "?")
        if node.attr["align_corners"].b:
            centres = "aligned corners"
        else:
            centres = "half-pixel centres" if node.attr["half_pixel_centers"].b else "no half-pixel centres"
        return f"resize to {height} x {width}, bilinear, {centres}"
    if node.op in _WORDS and len(constants) == 1:
        return f"{_WORDS[node.op]} {_number(constants[0])}"
    if node.op == "Cast":
        return f"cast to {tf.dtypes.as_dtype(node.attr['DstT'].type).name}"
    return str(node.op)


def _number(constant: Any) -> str:
    values = np.unique(constant)
    return " ".join(f"{value:.6g}" for value in values) if values.size <= 4 else f"{values.size} values"


def _node_name(tensor: str) -> str:
    return tensor.partition(":")[0]
