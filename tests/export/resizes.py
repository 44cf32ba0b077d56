"""Models with TensorFlow's resizes as tf2onnx leaves them, written out and run, and pictures to run them on."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from export.network.operations import DOMAIN, OPSET
from export.network.resize import expand_resizes
from predictor.classifier import open_session

Array = npt.NDArray[Any]

DTYPES = {"uint8": TensorProto.UINT8, "float32": TensorProto.FLOAT}

METHODS: dict[str, dict[str, Any]] = {
    "tf-bilinear": {"method": "bilinear"},
    "tf-nearest": {"method": "nearest"},
    "tf-bicubic": {"method": "bicubic"},
    "tf-area": {"method": "area"},
    "tf-bilinear-antialias": {"method": "bilinear", "antialias": True},
    "tf-lanczos3": {"method": "lanczos3"},
}
"""What `tf.image.resize` is told for each resize that can be said."""


def onnx_model(
    nodes: list[onnx.NodeProto], outputs: list[str], dtype: str = "uint8", *, result: str = "float32", **constants: Any
) -> onnx.ModelProto:
    """A model as tf2onnx leaves it: `image` [1, height, width, channels] and `size` int32 [2] in, pictures out.

    Where a node reads them, `scale` and `translation`, float32 [2], are inputs too.
    """
    read = {name for node in nodes for name in node.input} - constants.keys()
    inputs = [
        helper.make_tensor_value_info("image", DTYPES[dtype], [1, "height", "width", "channels"]),
        helper.make_tensor_value_info("size", TensorProto.INT32, [2]),
        *(
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [2])
            for name in sorted(read & {"scale", "translation"})
        ),
    ]
    graph = helper.make_graph(
        nodes,
        "resize",
        inputs,
        [helper.make_tensor_value_info(name, DTYPES[result], [1, None, None, None]) for name in outputs],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def cast(image: str, floats: str) -> onnx.NodeProto:
    return helper.make_node("Cast", [image], [floats], to=TensorProto.FLOAT)


def expand(model: onnx.ModelProto) -> onnx.ModelProto:
    """The expanded model, valid in every respect that onnx checks."""
    expanded = expand_resizes(model)
    onnx.checker.check_model(expanded, full_check=True)
    assert not [node for node in expanded.graph.node if node.domain == DOMAIN]
    assert not expanded.functions
    return expanded


session = functools.cache(open_session)


def run(model: onnx.ModelProto, image: Array, size: tuple[int, int], **moved: Array) -> list[Array]:
    feeds = {"image": image, "size": np.array(size, np.int32), **moved}
    return [np.asarray(output) for output in session(model.SerializeToString()).run(None, feeds)]


def picture(height: int, width: int, channels: int = 3, dtype: str = "uint8") -> Array:
    random = np.random.default_rng((height, width, channels))
    shape = (1, height, width, channels)
    if dtype == "uint8":
        return random.integers(0, 256, shape, np.uint8)
    return random.normal(0, 100, shape).astype(np.float32)


def inputs_with_types(model: onnx.ModelProto, op: str) -> list[tuple[str, int]]:
    """What made the first input of every node of a kind (or the input's own name), and its element type."""
    graph = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    types = {value.name: value.type.tensor_type.elem_type for value in [*graph.input, *graph.value_info]}
    makers = {name: node.op_type for node in graph.node for name in node.output}
    first = [node.input[0] for node in graph.node if node.op_type == op]
    return [(makers.get(name, name), types[name]) for name in first]
