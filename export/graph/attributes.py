"""The attributes of operations before the network that are understood: others, where they say something, are refused.

A decoder that is told to take half a file, say, answers where the exported model refuses, and no picture of the
verification need show it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tensorflow.python.framework import op_def_registry

from export.errors import CannotConvert
from export.graph.dataflow import Node

_JPEG = frozenset(("channels", "ratio", "fancy_upscaling", "dct_method"))
_RESIZE = frozenset(("T", "align_corners", "half_pixel_centers"))
_EXAMPLE = frozenset(("Nsparse", "Ndense", "sparse_types", "Tdense", "dense_shapes"))

HANDLED: Mapping[str, frozenset[str]] = {
    # Decoders
    "DecodeJpeg": _JPEG,
    "DecodeAndCropJpeg": _JPEG,
    "DecodePng": frozenset(("channels", "dtype")),
    "DecodeImage": frozenset(("channels", "dtype", "expand_animations")),
    "DecodeBmp": frozenset(("channels",)),
    "DecodeGif": frozenset(),
    # Between the model's input and its decoder: what a file is wrapped in
    "DecodeBase64": frozenset(),
    "ParseExample": _EXAMPLE,
    "ParseExampleV2": frozenset(
        ("Tdense", "num_sparse", "sparse_types", "ragged_value_types", "ragged_split_types", "dense_shapes")
    ),
    "ParseSingleExample": frozenset(
        ("num_sparse", "sparse_keys", "dense_keys", "sparse_types", "Tdense", "dense_shapes")
    ),
    # Between the model's input and its decoder: which file of a batch
    "Reshape": frozenset(("T", "Tshape")),
    "Squeeze": frozenset(("T", "squeeze_dims")),
    "ExpandDims": frozenset(("T", "Tdim")),
    "EnsureShape": frozenset(("shape", "T")),
    "StridedSlice": frozenset(
        ("T", "Index", "begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    ),
    "Slice": frozenset(("T", "Index")),
    "Gather": frozenset(("validate_indices", "Tparams", "Tindices")),
    "GatherV2": frozenset(("batch_dims", "Tparams", "Tindices", "Taxis")),
    "GatherNd": frozenset(("Tparams", "Tindices", "bad_indices_policy")),
    "Pack": frozenset(("N", "T", "axis")),
    "Unpack": frozenset(("num", "T", "axis")),
    "Split": frozenset(("num_split", "T")),
    "SplitV": frozenset(("num_split", "T", "Tlen")),
    "ConcatV2": frozenset(("N", "T", "Tidx")),
    "Tile": frozenset(("T", "Tmultiples")),
    "SparseToDense": frozenset(("validate_indices", "T", "Tindices")),
    "Select": frozenset(("T",)),
    "SelectV2": frozenset(("T",)),
    "Switch": frozenset(("T",)),
    "RefSwitch": frozenset(("T",)),
    "Merge": frozenset(("T", "N")),
    "RefMerge": frozenset(("T", "N")),
    # Resizes
    "ResizeBilinear": _RESIZE,
    "ResizeNearestNeighbor": _RESIZE,
    "ResizeBicubic": _RESIZE,
    "ResizeArea": frozenset(("T", "align_corners")),
    "ScaleAndTranslate": frozenset(("T", "kernel_type", "antialias")),
    "CropAndResize": frozenset(("T", "extrapolation_value")),  # tf2onnx rounds otherwise for the method "nearest"
    # Arithmetic on pixels
    "Cast": frozenset(("SrcT", "DstT")),
    "AdjustContrastv2": frozenset(("T",)),
    "AdjustHue": frozenset(("T",)),
    "AdjustSaturation": frozenset(("T",)),
    "Pad": frozenset(("T", "Tpaddings")),
    "PadV2": frozenset(("T", "Tpaddings")),
    "MirrorPad": frozenset(("T", "Tpaddings", "mode")),
    "ReverseV2": frozenset(("Tidx", "T")),
    "Transpose": frozenset(("T", "Tperm")),
}
"""The attributes that are followed, or change nothing that is followed, by the operation's type."""


def check(nodes: Iterable[Node]) -> None:
    """CannotConvert for an attribute of an operation in HANDLED that is not handled and not at its default."""
    for node in nodes:
        if node.op in HANDLED and (name := _unhandled(node)):
            raise CannotConvert(
                f"{node.op} is told {name} = {_written(node.definition.attr[name])} in the graph ({node.name}), which "
                "is not supported. Save the model with its default."
            )


def _unhandled(node: Node) -> str:
    """The first attribute that is not handled and not at its default; empty where there is none."""
    defaults = {each.name: each.default_value for each in op_def_registry.get(node.op).attr}
    return next(
        (
            name
            for name, value in sorted(node.definition.attr.items())
            if not name.startswith("_") and name not in HANDLED[node.op] and value != defaults.get(name)
        ),
        "",
    )


def _written(value: object) -> str:
    return " ".join(str(value).split(maxsplit=1)[1:]).strip() or "nothing"
