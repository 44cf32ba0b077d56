"""A network of Keras 2, built of the layers of Keras 3 with the weights of the file."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from export.importers.keras.keras2 import operations, rules
from export.importers.keras.keras2.hdf5 import Weight
from export.importers.keras.keras2.layer_specs import KINDS, ONLY_IN_TRAINING, OPERATIONS
from export.importers.keras.keras2.problems import Malformed, NotTranslated
from export.importers.keras.keras2.structure import Call, Layer, Network, Reference
from export.importers.keras.keras2.weights import Assigned, Path

Tensor = Any

MOST_VALUES = 2**28
"""Values of a tensor for one picture; 1 GB in single precision."""

MOST_CALLS = 5000
"""Of all layers together, for a network may stand at several places, and be called in itself by others."""


class FromFile:
    """An initialiser of Keras that gives a weight what the file holds, once; Malformed for another shape."""

    def __init__(self, weight: Weight) -> None:
        self.weight = weight
        self.used = 0

    def __call__(self, shape: Any, dtype: Any = None, **_: Any) -> Any:
        """The array, of the type that is asked for."""
        if tuple(shape) != self.weight.dataset.shape:
            raise Malformed(
                f"{self.weight.name!r} has the shape {list(self.weight.dataset.shape)}, and its layer {list(shape)}"
            )
        self.used += 1
        return np.asarray(self.weight.dataset).astype(_numpy_type(dtype))


def _numpy_type(dtype: Any) -> Any:
    import keras
    import tensorflow as tf

    return tf.as_dtype(keras.backend.standardize_dtype(dtype)).as_numpy_dtype


def build(network: Network, weights: Assigned) -> Any:
    """The network as a keras.Model; raises NotTranslated or Malformed."""
    import keras

    builder = _Builder(weights)
    inputs = [builder.input(layer) for layer in network.layers if layer.name in network.inputs]
    if len(inputs) != len(network.inputs):
        raise Malformed("it lacks one of its inputs")
    outputs = builder.run(network, dict(zip(_inputs(network), inputs)), ())
    model = keras.Model(inputs[0] if len(inputs) == 1 else inputs, outputs[0] if len(outputs) == 1 else outputs)
    builder.check_complete(model)
    return model


def _inputs(network: Network) -> list[str]:
    return [layer.name for layer in network.layers if layer.name in network.inputs]


class _Builder:
    """The layers that are made already, by where they are; a network that is called twice has them once."""

    def __init__(self, weights: Assigned) -> None:
        self._weights = weights
        self._layers: dict[Path, Callable[..., Any]] = {}
        self._from_file: list[FromFile] = []
        self._names: set[str] = set()
        self._calls = 0

    def input(self, layer: Layer) -> Tensor:
        """The input of the model, as one of its InputLayers says."""
        import keras

        if layer.kind != "InputLayer":
            raise Malformed(f"the input {layer.name!r} is a {layer.kind}")
        shape = layer.config.get("batch_input_shape", layer.config.get("batch_shape"))
        if not isinstance(shape, list) or not all(side is None or type(side) is int for side in shape):
            raise NotTranslated("it does not say what shape its input has")
        if layer.config.get("sparse") or layer.config.get("ragged"):
            raise NotTranslated("its input is sparse or ragged")
        dtype = layer.config.get("dtype")
        return keras.Input(
            batch_shape=shape, dtype=dtype if isinstance(dtype, str) else None, name=self._name((layer.name,))
        )

    def run(self, network: Network, inputs: Mapping[str, Tensor], path: Path) -> list[Tensor]:
        """The outputs of a network for its inputs, by their layers' names; each call waits for what it needs."""
        made: dict[str, list[list[Tensor]]] = {layer.name: [] for layer in network.layers}
        for name, tensor in inputs.items():
            made[name].append([tensor])
        waiting = [layer for layer in network.layers if layer.name not in inputs]
        while waiting:
            before = self._calls
            waiting = [layer for layer in waiting if not self._proceed(layer, made, path)]
            if waiting and self._calls == before:
                raise Malformed(f"nothing leads to its layer {waiting[0].name!r}")
        return [_at(made, reference) for reference in network.outputs]

    def _proceed(self, layer: Layer, made: dict[str, list[list[Tensor]]], path: Path) -> bool:
        """Make the calls of a layer that can be made; whether all are."""
        calls = made[layer.name]
        while len(calls) < len(layer.calls):
            call = layer.calls[len(calls)]
            if any(reference.call >= len(made.get(reference.layer, ())) for reference in call.references()):
                return False
            calls.append(self._called(layer, call, made, path))
        return True

    def _called(self, layer: Layer, call: Call, made: dict[str, list[list[Tensor]]], path: Path) -> list[Tensor]:
        self._calls += 1
        if self._calls > MOST_CALLS:
            raise Malformed(f"it calls its layers more than {MOST_CALLS} times")
        inputs = _resolved(call.inputs, made)
        arguments = {key: _resolved(value, made) for key, value in call.arguments.items()}
        if layer.kind not in OPERATIONS:
            arguments = _checked(layer, arguments)
        if layer.network:
            given = inputs if isinstance(inputs, list) else [inputs]
            if len(given) != len(layer.network.inputs):
                raise Malformed(
                    f"{layer.name!r} is called on {len(given)} tensors, and takes {len(layer.network.inputs)}"
                )
            return self.run(layer.network, dict(zip(layer.network.inputs, given)), (*path, layer.name))
        return _small(layer, self._layer(layer, (*path, layer.name))(inputs, **arguments))

    def _layer(self, layer: Layer, path: Path) -> Callable[..., Any]:
        if path not in self._layers:
            try:
                self._layers[path] = self._made(layer, path)
            except NotTranslated as error:
                raise NotTranslated(f"layer {layer.name!r} ({layer.kind}): {error}") from error
        return self._layers[path]

    def _made(self, layer: Layer, path: Path) -> Callable[..., Any]:
        import keras

        if layer.kind in OPERATIONS:
            return _operation(operations.of(layer.kind, layer.config), lambda: self._name(path))
        if layer.kind in ONLY_IN_TRAINING:
            return keras.layers.Identity(name=self._name(path))  # type: ignore[no-any-return]
        if layer.kind == "ThresholdedReLU":
            theta = float(layer.config.get("theta", 1.0))
            return _operation(lambda x: x * keras.ops.cast(x > theta, x.dtype), lambda: self._name(path))
        kind = KINDS.get(layer.kind)
        if kind is None:
            raise NotTranslated("it is of a kind that is not built here")
        return self._of_keras(kind.keras, layer, path)

    def _of_keras(self, name: str, layer: Layer, path: Path) -> Callable[..., Any]:
        """A layer of Keras 3 whose weights come from the file."""
        import keras

        options = rules.cleaned(name, dict(layer.config))
        options["name"] = self._name(path)
        made: Any = getattr(keras.layers, name)
        known = inspect.signature(made.__init__).parameters.keys() | {"name", "dtype"}
        if surplus := options.keys() - known:
            option = min(surplus)
            raise NotTranslated(f"{option}={options[option]!r} is not in Keras 3")
        for slot in KINDS[layer.kind].slots_of(layer.config):
            if weight := self._weights.get(path, {}).get(slot.name):
                options |= self._first_value(name, slot.option, weight)
        try:
            return made(**options)  # type: ignore[no-any-return]
        except (TypeError, ValueError) as error:
            raise NotTranslated(str(error)) from error

    def _first_value(self, kind: str, option: str, weight: Weight) -> dict[str, Any]:
        if kind == "Normalization":  # which takes values, and has no weights then
            return {option: np.asarray(weight.dataset)} if option else {}
        self._from_file.append(FromFile(weight))
        return {option: self._from_file[-1]}

    def _name(self, path: Path) -> str:
        """A name of its own for a layer, in the graph that has all of them."""
        name = wanted = re.sub(r"[^A-Za-z0-9_.-]|^[^A-Za-z0-9]", "_", "_".join(path)).lstrip("_") or "layer"
        number = 1
        while name in self._names:
            number += 1
            name = f"{wanted}_{number}"
        self._names.add(name)
        return name

    def check_complete(self, model: Any) -> None:
        """Raise Malformed unless each array of the file is the value of one weight, and each weight has one."""
        unused = [one.weight.name for one in self._from_file if one.used != 1]
        if unused or len(model.weights) != len(self._from_file):
            raise Malformed(f"not every weight has its array: {', '.join(unused[:3]) or 'some have none'}")


def _operation(function: Callable[..., Any], name: Callable[[], str]) -> Callable[..., Any]:
    """A function of TensorFlow as layers without weights, one for each call; constants may stand before tensors."""

    def apply(inputs: Any, **arguments: Any) -> Any:
        import keras

        tensors: list[Tensor] = []

        def place(value: Any) -> Any:
            if not isinstance(value, keras.KerasTensor):
                return value
            tensors.append(value)
            return _Place(len(tensors) - 1)

        first, named = keras.tree.map_structure(place, (inputs, arguments))
        if not tensors:
            raise Malformed("one of its operations is called on no tensor")

        class Operation(keras.layers.Layer):  # type: ignore[misc]
            """Keras has no public layer for a function but Lambda, which wants to be saved."""

            def call(self, given: list[Any]) -> Any:
                """The function's value."""

                def fill(value: Any) -> Any:
                    return given[value.index] if isinstance(value, _Place) else value

                return function(keras.tree.map_structure(fill, first), **keras.tree.map_structure(fill, named))

        return Operation(name=name())(tensors)

    return apply


@dataclass(frozen=True)
class _Place:
    """Where a tensor stands among the arguments of a function."""

    index: int


def _checked(layer: Layer, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a layer's call but for those that say what holds anyway."""
    if arguments.get("training"):
        raise NotTranslated(f"layer {layer.name!r} is called as in training: its answers change from call to call")
    left = {key: value for key, value in arguments.items() if key != "training" and value is not None}
    if left:
        raise NotTranslated(f"layer {layer.name!r} is called with {min(left)}")
    return {}


def _small(layer: Layer, outputs: Any) -> list[Tensor]:
    listed = list(outputs) if isinstance(outputs, list | tuple) else [outputs]
    for tensor in listed:
        if math.prod(side or 1 for side in tensor.shape[1:]) > MOST_VALUES:
            raise Malformed(f"its layer {layer.name!r} makes a tensor of the shape {tensor.shape}")
    return listed


def _at(made: Mapping[str, list[list[Tensor]]], reference: Reference) -> Tensor:
    calls = made.get(reference.layer, [])
    if reference.call >= len(calls) or reference.output >= len(calls[reference.call]):
        raise Malformed(f"there is no output {reference.output} of call {reference.call} of {reference.layer!r}")
    return calls[reference.call][reference.output]


def _resolved(value: Any, made: Mapping[str, list[list[Tensor]]]) -> Any:
    """A value with tensors in the places of references."""
    if isinstance(value, Reference):
        return _at(made, value)
    if isinstance(value, list):
        return [_resolved(one, made) for one in value]
    return {key: _resolved(one, made) for key, one in value.items()} if isinstance(value, dict) else value
