"""How a layer's configuration of Keras 2 becomes one of Keras 3: one rule for each difference between the versions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from export.importers.keras.keras2 import activations
from export.importers.keras.keras2.problems import NotTranslated

Config = dict[str, Any]

ALL = "every layer"


@dataclass(frozen=True)
class Rule:
    """A difference between the versions; `apply` mends the configuration in place, of layers of these classes."""

    name: str
    kinds: frozenset[str] | str
    apply: Callable[[Config], None]


def cleaned(kind: str, config: Config) -> Config:
    """A copy of a layer's configuration with every rule applied; raises NotTranslated.

    kind: the class's name in Keras 3.
    """
    config = dict(config)
    for rule in RULES:
        if rule.kinds is ALL or kind in rule.kinds:
            rule.apply(config)
    return config


def _without(*names: str) -> Callable[[Config], None]:
    """Take options away, whatever they are."""

    def apply(config: Config) -> None:
        for name in names:
            config.pop(name, None)

    return apply


def _only(name: str, *values: Any) -> Callable[[Config], None]:
    """Take an option away that Keras 3 does not have; it has to be what Keras 3 does anyway."""

    def apply(config: Config) -> None:
        if (value := config.pop(name, values[0])) not in values:
            raise NotTranslated(f"{name}={value!r} is not in Keras 3")

    return apply


def _no_training(config: Config) -> None:
    for name in [name for name in config if name.endswith(("_initializer", "_regularizer", "_constraint"))]:
        del config[name]


def _one_axis(config: Config) -> None:
    axis = config.get("axis")
    if isinstance(axis, dict):  # a tracked list, as TensorFlow 1.14 wrote it
        axis = axis.get("config", axis)
    if isinstance(axis, list) and len(axis) == 1:
        axis = axis[0]
    if not isinstance(axis, int):
        raise NotTranslated(f"axis={axis!r} is not in Keras 3")
    config["axis"] = axis


def _renamed(old: str, new: str) -> Callable[[Config], None]:
    def apply(config: Config) -> None:
        if old in config:
            config[new] = config.pop(old)

    return apply


def _policy(config: Config) -> None:
    dtype = config.pop("dtype", None)
    while isinstance(dtype, dict):
        dtype = dtype.get("config", dtype.get("name"))
    if isinstance(dtype, str) and not dtype.startswith(("_", "infer")):
        config["dtype"] = dtype
    elif dtype is not None and not isinstance(dtype, str):
        raise NotTranslated(f"dtype={dtype!r} is unknown")


def _activation(config: Config) -> None:
    value = config.get("activation")
    if isinstance(value, dict) and value.get("class_name") in _LAYERS_AS_ACTIVATIONS:
        import keras

        kind = value["class_name"]
        config["activation"] = getattr(keras.layers, kind)(**cleaned(kind, value.get("config") or {}))
    else:
        config["activation"] = activations.of(value)


def _softmax_axis(config: Config) -> None:
    if isinstance(config.get("axis"), list):
        config["axis"] = tuple(config["axis"])


_LAYERS_AS_ACTIVATIONS = ("LeakyReLU", "ReLU", "ELU", "Softmax")
_WITH_ACTIVATION = frozenset(
    {
        *("Activation", "Dense"),
        *(f"{which}{n}D" for which in ("Conv", "DepthwiseConv", "SeparableConv") for n in (1, 2, 3)),
        *(f"Conv{n}DTranspose" for n in (1, 2, 3)),
    }
)
_WITHOUT_GROUPS = _WITH_ACTIVATION - {"Conv1D", "Conv2D", "Conv3D"}
_BATCH_NORM = frozenset({"BatchNormalization"})

RULES = (
    Rule("the first layer says what the model takes (until 2.15)", ALL, _without("batch_input_shape", "batch_shape")),
    Rule("so did the first Dense (until 2.2)", frozenset({"Dense"}), _without("input_dim")),
    Rule("initialisers had a dtype, and all of these are for training", ALL, _no_training),
    Rule("nothing is trained here", ALL, _without("trainable", "seed", "autocast", "build_config")),
    Rule("policies were classes (2.4) and had a loss scale (until 2.3)", ALL, _policy),
    Rule("activations changed their meaning and names", _WITH_ACTIVATION, _activation),
    Rule("every convolution had groups (from 2.3)", _WITHOUT_GROUPS, _only("groups", 1)),
    Rule("a depthwise convolution's filters were none", frozenset({"DepthwiseConv2D"}), _only("filters", None)),
    Rule("the axis was a list (from TensorFlow 1.13)", _BATCH_NORM, _one_axis),
    Rule("renormalisation has weights that Keras 3 lays out otherwise", _BATCH_NORM, _only("renorm", False)),
    Rule("its options stayed behind", _BATCH_NORM, _without("renorm_clipping", "renorm_momentum", "momentum", "fused")),
    Rule("ghost batches (TensorFlow 1.7 to 2.15)", _BATCH_NORM, _only("virtual_batch_size", None)),
    Rule("adjustments (TensorFlow 1.7 to 2.15)", _BATCH_NORM, _only("adjustment", None)),
    Rule("replicas (from 2.12)", _BATCH_NORM, _without("synchronized")),
    Rule("alpha is the slope (until 2.15)", frozenset({"LeakyReLU"}), _renamed("alpha", "negative_slope")),
    Rule("axes are a tuple", frozenset({"Softmax"}), _softmax_axis),
)
