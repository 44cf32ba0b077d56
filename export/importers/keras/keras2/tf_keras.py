"""Keras 2 itself, which builds what is not built of Keras 3's layers, where it is installed.

It runs what a configuration names, so it is given none with a name that it would look up outside of itself.
"""

from __future__ import annotations

import copy
import importlib.util
import inspect
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from export.errors import first_line
from export.importers.keras.keras2 import operations, saved_model
from export.importers.keras.keras2.hdf5 import Weight
from export.importers.keras.keras2.layer_specs import OPERATIONS
from export.importers.keras.keras2.problems import Malformed, NotTranslated, OwnCode
from export.importers.keras.keras2.structure import NETWORKS, Network, every_layer

INSTALL = "pip install --no-deps -r export/requirements-keras2.txt"

_MODULES = (None, "keras", "keras.layers", "keras.mixed_precision", "keras.models")
_FOR_TRAINING = ("_initializer", "_regularizer", "_constraint")


def write(
    config: Any, network: Network, saved: Mapping[str, list[Weight]], folder: Path, reason: NotTranslated
) -> None:
    """Write the model of a configuration with its weights to `folder` as a SavedModel.

    reason: why Keras 3's layers do not do; raised, with how to install Keras 2, where that is not. Raises OwnCode and
    Malformed too.
    """
    if importlib.util.find_spec("tf_keras") is None:
        raise NotTranslated(
            f"{reason}. Keras 2 itself may open it: run `{INSTALL}` and try again. Or without it"
        ) from reason
    for layer in every_layer(network):
        if layer.kind in OPERATIONS:
            operations.of(layer.kind, layer.config)
    config = _harmless(config)
    try:
        model = _loaded(config, saved)
        saved_model.write(model, list(model.weights), folder)
    except (Malformed, OwnCode):
        raise
    except Exception as error:  # Keras and TensorFlow raise many types
        raise NotTranslated(f"{reason}, and Keras 2 says: {first_line(error)}") from error


def _harmless(value: Any, key: str = "") -> Any:
    """A copy of a configuration without what is for training alone; raises OwnCode where it names code."""
    if isinstance(value, list):
        return [_harmless(one) for one in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("class_name")
    if isinstance(kind, str) and not _is_known(kind):
        raise OwnCode.of_layer(kind, _name(value) or key)
    if value.get("registered_name") or value.get("module") not in _MODULES:
        raise OwnCode.of_layer(str(kind), _name(value) or key)
    return {name: _harmless(one, name) for name, one in value.items() if not name.endswith(_FOR_TRAINING)}


def _name(layer: dict[str, Any]) -> str:
    config = layer.get("config")
    return str(layer.get("name") or (config.get("name") if isinstance(config, dict) else "") or "")


def _is_known(kind: str) -> bool:
    """Whether a name is that of a layer of Keras, and not of a Lambda; functions that make layers are none."""
    import tf_keras

    if kind in OPERATIONS or kind in (*NETWORKS, "Sequential", "Policy", "__ellipsis__", "TensorShape"):
        return True
    named = getattr(tf_keras.layers, kind, None)
    return kind != "Lambda" and inspect.isclass(named) and issubclass(named, tf_keras.layers.Layer)


def _loaded(config: Any, saved: Mapping[str, list[Weight]]) -> Any:
    """The model with its weights, built twice: first as a graph, whose weights take no memory, to compare shapes."""
    import tensorflow as tf
    import tf_keras

    with tf.Graph().as_default():
        shapes = Counter(tuple(weight.shape) for weight in _model(copy.deepcopy(config)).weights)
    arrays = [weight for weights in saved.values() for weight in weights]
    if shapes != Counter(weight.dataset.shape for weight in arrays):
        raise Malformed("the shapes of its weights are not those of its layers")
    tf_keras.backend.clear_session()
    model = _model(config)
    having = [layer for layer in model.layers if layer.weights]
    if [layer.name for layer in having] != list(saved):
        raise Malformed("its layers have other names than their weights")
    for layer in having:
        ordered = layer.trainable_weights + layer.non_trainable_weights
        for variable, weight in zip(ordered, saved[layer.name]):
            _assign(variable, weight)
    return model


def _model(config: Any) -> Any:
    import tf_keras

    return tf_keras.models.model_from_config(config)


def _assign(variable: Any, weight: Weight) -> None:
    name = variable.name.rpartition("/")[2].partition(":")[0]
    if name != weight.last_name or tuple(variable.shape) != weight.dataset.shape:
        raise Malformed(f"the weight {weight.name!r} stands where {variable.name!r} should")
    variable.assign(weight.dataset[()])
