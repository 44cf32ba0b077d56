"""Functions of TensorFlow that a model of Keras 2 calls between its layers, where they only compute."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from export.importers.keras.keras2.problems import Malformed, NotTranslated

Function = Callable[..., Any]

FUNCTIONS = frozenset(
    {
        *("__operators__.add", "add", "subtract", "multiply", "divide", "cast", "concat", "identity", "stop_gradient"),
        *("reshape", "transpose", "squeeze", "expand_dims", "pad", "reverse", "stack", "clip_by_value", "split"),
        *("maximum", "minimum", "abs", "negative", "square", "sqrt", "pow", "exp", "sigmoid", "tanh", "tile", "gather"),
        *("reduce_mean", "reduce_sum", "reduce_max", "reduce_min", "convert_to_tensor", "compat.v1.transpose"),
        *("compat.v1.squeeze", "compat.v1.pad", "compat.v1.expand_dims", "compat.v1.gather", "__operators__.getitem"),
        *(
            f"math.{name}"
            for name in (
                *("add", "subtract", "multiply", "truediv", "divide", "divide_no_nan", "multiply_no_nan", "negative"),
                *("abs", "square", "sqrt", "rsqrt", "pow", "exp", "log", "log1p", "sigmoid", "tanh", "softplus"),
                *("maximum", "minimum", "reduce_mean", "reduce_sum", "reduce_max", "reduce_min", "reduce_std"),
                *("reduce_variance", "l2_normalize", "floordiv", "floor", "round", "scalar_mul", "add_n", "sign"),
                *("softmax", "log_softmax", "squared_difference", "reduce_prod", "argmax", "erf", "floormod"),
            )
        ),
        *(
            f"nn.{name}"
            for name in (
                *("relu", "relu6", "softmax", "log_softmax", "sigmoid", "tanh", "silu", "swish", "leaky_relu", "elu"),
                *("selu", "softplus", "softsign", "gelu", "bias_add", "l2_normalize", "depth_to_space"),
                *("space_to_depth", "avg_pool2d", "max_pool2d", "avg_pool", "max_pool", "local_response_normalization"),
            )
        ),
        *(
            f"image.{name}"
            for name in (
                *("resize", "rgb_to_grayscale", "grayscale_to_rgb", "central_crop", "per_image_standardization"),
                *("convert_image_dtype", "resize_with_pad", "resize_with_crop_or_pad", "flip_left_right"),
                *("crop_to_bounding_box", "pad_to_bounding_box", "flip_up_down"),
            )
        ),
    }
)
"""Names below `tf`. None reads or writes files, or runs Python."""

NODES = frozenset(
    {
        *(
            "Add",
            "AddV2",
            "Sub",
            "Mul",
            "RealDiv",
            "Div",
            "Maximum",
            "Minimum",
            "Neg",
            "Abs",
            "Square",
            "Sqrt",
            "Rsqrt",
        ),
        *("Pow", "Exp", "Log", "SquaredDifference", "BiasAdd", "Relu", "Relu6", "Elu", "Selu", "LeakyRelu", "Softplus"),
        *("Softmax", "LogSoftmax", "Sigmoid", "Tanh", "Mean", "Sum", "Max", "Min", "Cast", "Reshape", "Transpose"),
        *("StridedSlice", "Squeeze", "ExpandDims", "Pad", "PadV2", "ReverseV2", "Identity", "ClipByValue"),
        *("ResizeBilinear", "ResizeNearestNeighbor", "AvgPool", "MaxPool", "DepthToSpace", "SpaceToDepth", "MatMul"),
    }
)
"""Operations of graphs, as TensorFlow 1.13 to 2.3 made layers of them."""


def of(kind: str, config: Mapping[str, Any]) -> Function:
    """The function that an operation's layer calls, of its first argument and those with names.

    Raises NotTranslated for any that is not known to compute alone.
    """
    import tensorflow as tf

    if kind == "TensorFlowOpLayer":
        return _node(config)
    name = config.get("function")
    if name == "__operators__.getitem":
        return lambda value, slice_spec: value[_slices(slice_spec)]
    if name not in FUNCTIONS:
        raise NotTranslated(f"it calls tf.{name}, which is not known to be safe")
    function: Function = operator.attrgetter(str(name))(tf)
    return function


def _slices(spec: Any) -> Any:
    """The index between the brackets of `tensor[…]`."""
    if isinstance(spec, list):
        return tuple(map(_slices, spec))
    if not isinstance(spec, dict):
        return spec
    if spec.get("class_name") == "__ellipsis__":
        return ...
    if spec.keys() >= {"start", "stop", "step"}:
        return slice(*(_slices(spec[part]) for part in ("start", "stop", "step")))
    raise NotTranslated("it slices in an unknown way")


def _node(config: Mapping[str, Any]) -> Function:
    """A graph's operation, of those inputs that are no constants."""
    import tensorflow as tf
    from google.protobuf import json_format

    try:
        node = json_format.ParseDict(config["node_def"], tf.compat.v1.NodeDef())
        constants = {int(index): value for index, value in config.get("constants", {}).items()}
    except (KeyError, TypeError, ValueError, AttributeError, json_format.ParseError) as error:
        raise Malformed("one of its operations cannot be read") from error
    if node.op not in NODES:
        raise NotTranslated(f"it has the operation {node.op}, which is not known to be safe")
    function: Function = getattr(tf.raw_ops, node.op)
    names = list(inspect.signature(function).parameters)
    attributes = {name: _attribute(node.attr[name]) for name in names[len(node.input) :] if name in node.attr}

    def call(given: Any) -> Any:
        tensors = list(given) if isinstance(given, Sequence) else [given]
        for index, value in sorted(constants.items()):
            tensors.insert(index, value)
        return function(**dict(zip(names, tensors)), **attributes)

    return call


def _attribute(value: Any) -> Any:
    """An attribute of a node as Python writes it: a number, a text, a type, or a list of numbers."""
    which = value.WhichOneof("value")
    if which == "list":
        return list(value.list.i)
    return getattr(value, which)
