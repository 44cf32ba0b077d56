"""The graph between picture and network, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import tensorflow as tf

from export.errors import CannotConvert
from export.graph import attributes
from export.graph.dataflow import Node
from export.graph.effects import attribute
from export.graph.flatten import IMAGE, FlatGraph
from export.graph.trace import joined_decoders
from predictor import Decoding
from predictor.metadata import JpegRatio, JpegTransform

_WORDS = {
    "Mul": "multiply by",
    "RealDiv": "divide by",
    "Div": "divide by",
    "Sub": "subtract",
    "AddV2": "add",
    "Add": "add",
}
OPERATIONS = {
    "StridedSlice": "take a part of the pixels or channels",
    "Slice": "take a part of the pixels or channels",
    "Pad": "pad",
    "PadV2": "pad",
    "MirrorPad": "pad with the picture mirrored",
    "CropAndResize": "crop and resize",
    "ExtractGlimpse": "crop",
    "Transpose": "put the axes in another order",
    "ReverseV2": "reverse an axis, as from RGB to BGR",
    "Split": "take the channels apart",
    "SplitV": "take the channels apart",
    "Unpack": "take the channels apart",
    "Pack": "put the channels together",
    "ConcatV2": "put the channels together",
    "Tile": "repeat the channels",
    "BroadcastTo": "repeat the channels",
    "Maximum": "raise to a least value",
    "Minimum": "lower to a greatest value",
    "ClipByValue": "limit the values",
    "Round": "round",
    "Rint": "round",
    "Floor": "round down",
    "Ceil": "round up",
    "Neg": "change the sign",
    "Abs": "take the absolute value",
    "Square": "square",
    "Sqrt": "take the square root",
    "Rsqrt": "divide by the square root",
    "Pow": "raise to a power",
    "Exp": "take the exponential",
    "Mean": "average",
    "Sum": "add up",
    "Max": "take the greatest",
    "Min": "take the least",
    "MatMul": "mix the channels by a matrix",
    "BatchMatMulV2": "mix the channels by a matrix",
    "BiasAdd": "add a value to each channel",
    "FusedBatchNormV3": "normalise each channel",
    "SquaredDifference": "square the difference",
    "Select": "choose by a condition",
    "SelectV2": "choose by a condition",
    "RGBToHSV": "convert RGB to HSV",
    "HSVToRGB": "convert HSV to RGB",
    "AdjustContrastv2": "adjust the contrast",
}
"""An operation in words, of those that are met before networks; their numbers may come from the picture itself."""
_RESIZES = {
    "ResizeBilinear": "bilinear",
    "ResizeNearestNeighbor": "nearest",
    "ResizeBicubic": "bicubic",
    "ResizeArea": "area",
    "ScaleAndTranslate": "antialiased",
}
_SILENT = frozenset(("ExpandDims", "Squeeze", "EnsureShape", "Reshape", "Identity", "GatherV2"))
_RATIOS = (1, 2, 4, 8)
_TRANSFORMS: Mapping[bytes, JpegTransform] = {b"": "fast", b"INTEGER_FAST": "fast", b"INTEGER_ACCURATE": "accurate"}


def decoding(decoder: Node) -> Decoding:
    """How a decoder in the graph decodes; CannotConvert for what the predictor cannot do alike."""
    told = decoder.definition
    channels, ratio = attribute(told, "channels").i, attribute(told, "ratio").i or 1
    method = attribute(told, "dct_method").s
    if decoder.op == "DecodeAndCropJpeg":
        raise CannotConvert(
            "The graph decodes a part of the picture only (DecodeAndCropJpeg), which is not supported. Decode all "
            "of it with tf.io.decode_jpeg, and crop then."
        )
    if channels not in (0, 1, 3) or ratio not in _RATIOS:
        raise CannotConvert(
            f"The decoder {decoder.name} makes {channels} channels, shrunk by {ratio}, which is not supported. Decode "
            "to 1 or 3 channels, shrunk by 1, 2, 4 or 8."
        )
    if attribute(told, "dtype").type not in (tf.uint8.as_datatype_enum, 0):
        raise CannotConvert(
            f"The decoder {decoder.name} does not make uint8 pixels, which is not supported. Decode to uint8."
        )
    if method not in _TRANSFORMS:
        raise CannotConvert(f"The decoder {decoder.name} has the dct_method {method!r}, which is not supported.")
    attributes.check([decoder])
    return Decoding(
        jpeg_transform=_TRANSFORMS[method],
        jpeg_smooth_chroma=attribute(told, "fancy_upscaling").b if "fancy_upscaling" in told.attr else True,
        jpeg_ratio=cast(JpegRatio, ratio),
        channels=channels,
    )


def check_alternatives(image: Node, how: Decoding) -> None:
    """CannotConvert unless all decoders that stand under conditions in the graph decode alike."""
    for decoder in joined_decoders(image):
        channels = decoding(decoder).channels
        if channels and how.channels and channels != how.channels:
            raise CannotConvert(
                f"The decoder {decoder.name} makes {channels} channels where another makes {how.channels}, which is "
                "not supported. Decode every kind of file to the same number."
            )


def steps(flat: FlatGraph, decoder: Node) -> tuple[str, ...]:
    """The steps from file to network input, first to last, as they stand in the graph."""
    nodes = {node.name: node for node in flat.graph_def.node}
    found: list[str] = []
    name = _node_name(flat.network_input)
    while name != IMAGE:
        node = nodes[name]
        inputs = [_node_name(tensor) for tensor in node.input]
        data = next((i for i, input_name in enumerate(inputs) if nodes[input_name].op != "Const"), None)
        if node.op not in _SILENT:
            constants = [tf.make_ndarray(nodes[i].attr["value"].tensor) for i in inputs if nodes[i].op == "Const"]
            found.append(_in_words(node, constants))
        if data is None:
            break
        name = inputs[data]
    return (decoded_in_words(decoder.op, decoding(decoder)), *reversed(found))


def decoded_in_words(decoder: str, how: Decoding) -> str:
    """How pictures are decoded."""
    channels = f"{how.channels} channel{'s' * (how.channels > 1)}" if how.channels else "channels as in the file"
    shrunk = f", shrunk by {how.jpeg_ratio}" if how.jpeg_ratio > 1 else ""
    oriented = ", turned as EXIF says" if how.orientation == "apply" else ""
    return f"{decoder}, {channels}, {how.jpeg_transform} JPEG transform{shrunk}{oriented}"


def _in_words(node: Any, constants: list[Any]) -> str:
    if node.op in _RESIZES:
        height, width = next((c for c in constants if c.shape == (2,) and c.dtype == np.int32), ("?", "?"))
        if node.op in ("ResizeArea", "ScaleAndTranslate"):
            return f"resize to {height} x {width}, {_RESIZES[node.op]}"
        if node.attr["align_corners"].b:
            centres = "aligned corners"
        else:
            centres = "half-pixel centres" if node.attr["half_pixel_centers"].b else "no half-pixel centres"
        return f"resize to {height} x {width}, {_RESIZES[node.op]}, {centres}"
    if node.op in _WORDS:
        return f"{_WORDS[node.op]} {_number(constants[0]) if len(constants) == 1 else 'values made from the picture'}"
    if node.op == "Cast":
        return f"cast to {tf.dtypes.as_dtype(node.attr['DstT'].type).name}"
    return OPERATIONS.get(node.op, f"another step, TensorFlow's {node.op}")


def _number(constant: Any) -> str:
    values = np.unique(constant)
    return " ".join(f"{value:.6g}" for value in values) if values.size <= 4 else f"{values.size} values"


def _node_name(tensor: str) -> str:
    return tensor.partition(":")[0]
