"""Activations as Keras 2 names and means them."""

from __future__ import annotations

from typing import Any

from export.importers.keras.keras2.problems import OwnCode

SAME = {
    **{
        name: name
        for name in (
            *("linear", "relu", "relu6", "sigmoid", "tanh", "softmax", "softplus", "softsign", "elu", "selu", "gelu"),
            *("exponential", "mish", "swish", "silu", "log_softmax"),
        )
    },
    # The names of functions of tf.nn that were given as activations.
    "softmax_v2": "softmax",
    "log_softmax_v2": "log_softmax",
    "identity": "linear",
}
"""The names in Keras 3 of activations of Keras 2 that are the same."""


def of(value: Any) -> Any:
    """The activation in Keras 3 for one of Keras 2: a name, or a function; raises OwnCode for any other.

    It may be a dictionary with the name in it, as for functions from 2.12 on.
    """
    if isinstance(value, dict):
        value = value.get("config") if isinstance(value.get("config"), str) else value.get("class_name")
    if value is None:
        return "linear"
    if value == "hard_sigmoid":
        return hard_sigmoid
    if value == "leaky_relu":
        return leaky_relu
    if not isinstance(value, str) or not (name := SAME.get(value)):
        raise OwnCode(f"its activation {value!r} is none of Keras", str(value))
    return name


def hard_sigmoid(x: Any) -> Any:
    """0.2 x + 0.5, cut to 0..1; that of Keras 3 is x / 6 + 0.5."""
    import keras

    return keras.ops.clip(keras.ops.add(keras.ops.multiply(x, 0.2), 0.5), 0.0, 1.0)


def leaky_relu(x: Any) -> Any:
    """TensorFlow's, with a slope of 0.2 below zero."""
    import tensorflow as tf

    return tf.nn.leaky_relu(x)
