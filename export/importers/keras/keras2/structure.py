"""Keras 2's configuration of a model as data: layers, what each is called on, and the networks among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from export.importers.keras.keras2.problems import Malformed, NotTranslated

NETWORKS = ("Model", "Functional", "Network", "Container")
"""The names that a graph of layers had, from Keras 2.0's classes to TensorFlow 2.4's and later."""

MOST_LAYERS = 5000


@dataclass(frozen=True)
class Reference:
    """An output of a layer's call; calls are counted from 0."""

    layer: str
    call: int
    output: int


@dataclass(frozen=True)
class Call:
    """The arguments of a layer's call: the first one and those with names, References in the places of tensors."""

    inputs: Any
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def references(self) -> Iterator[Reference]:
        """All that has to be there before the call."""
        yield from _leaves(self.inputs)
        yield from _leaves(list(self.arguments.values()))


@dataclass(frozen=True)
class Layer:
    """A layer: Keras's name for its class, its own name, its configuration, its calls; `network` if it is one."""

    kind: str
    name: str
    config: Mapping[str, Any]
    calls: tuple[Call, ...] = ()
    network: Network | None = None


@dataclass(frozen=True)
class Network:
    """Layers in the order in which their weights are saved, inputs by their layers' names, and outputs."""

    layers: tuple[Layer, ...]
    inputs: tuple[str, ...]
    outputs: tuple[Reference, ...]
    trainable: bool = True


def network(model: Any) -> Network:
    """The network of a model's configuration, `{"class_name": …, "config": …}`.

    Raises Malformed, or NotTranslated for a Sequential that does not say what it takes.
    """
    found = _layer(model, "the model")
    if found.network is None:
        raise Malformed(f"its model is a {found.kind}")
    if sum(1 for _ in every_layer(found.network)) > MOST_LAYERS:
        raise Malformed(f"it has more than {MOST_LAYERS} layers")
    return found.network


def every_layer(network: Network) -> Iterator[Layer]:
    """All layers, those of the networks inside behind the network."""
    for layer in network.layers:
        yield layer
        if layer.network:
            yield from every_layer(layer.network)


def _layer(data: Any, unnamed: str) -> Layer:
    kind, config = _field(data, "class_name", str), _field(data, "config", (dict, list))
    if isinstance(config, list):  # a Sequential's, up to Keras 2.2.2
        config = {"layers": config}
    name = config.get("name") or data.get("name") or unnamed
    if not isinstance(name, str):
        raise Malformed("the name of a layer is no text")
    layer = Layer(kind, name, config)
    if kind == "Sequential":
        return replace(layer, network=_sequential(config))
    if kind in NETWORKS:
        return replace(layer, network=_functional(config))
    return layer


def _sequential(config: dict[str, Any]) -> Network:
    """A chain of layers; what it takes stands in its first layer, or in the first of that."""
    layers = [_layer(data, f"layer_{i}") for i, data in enumerate(_field(config, "layers", list))]
    if not layers or layers[0].kind != "InputLayer":
        name = "the input"
        layers.insert(0, Layer("InputLayer", name, {"name": name, **_input_of(layers, config)}))
    if len({layer.name for layer in layers}) != len(layers):
        raise Malformed("two of its layers have the same name")
    chained = [layers[0]]
    for layer in layers[1:]:
        chained.append(replace(layer, calls=(Call(Reference(chained[-1].name, 0, 0)),)))
    return Network(
        tuple(chained), (chained[0].name,), (Reference(chained[-1].name, 0, 0),), config.get("trainable") is not False
    )


def _input_of(layers: list[Layer], config: Mapping[str, Any]) -> dict[str, Any]:
    """The shape and the type of what a Sequential without InputLayer takes; empty where it does not say."""
    first = layers[0] if layers else None
    while first and first.network:
        first = next(iter(first.network.layers), None)
    given = dict(first.config) if first else {}
    shape = given.get("batch_input_shape", given.get("batch_shape"))
    if shape:
        dtype = given.get("dtype") if first and first.kind == "InputLayer" else None
        return {"batch_input_shape": shape, "dtype": dtype}
    built = config.get("build_input_shape")  # of what it was called on first, with that batch's size
    if isinstance(built, list) and built and all(isinstance(side, int | None) for side in built):
        return {"batch_input_shape": [None, *built[1:]], "dtype": None}
    return {}


def _functional(config: dict[str, Any]) -> Network:
    datas = _field(config, "layers", list)
    inputs, outputs = (_listed(config.get(key)) for key in ("input_layers", "output_layers"))
    layers = []
    for data in datas:
        layer = _layer(data, "")
        layer = replace(layer, name=_field(data, "name", str))
        nodes = _field(data, "inbound_nodes", list)
        layers.append(replace(layer, calls=tuple(_call(node) for node in nodes)))
    if len({layer.name for layer in layers}) != len(layers):
        raise Malformed("two of its layers have the same name")
    raw = Network(
        tuple(layers), tuple(reference.layer for reference in inputs), outputs, config.get("trainable") is not False
    )
    return _counted_from_zero(raw)


def _counted_from_zero(network: Network) -> Network:
    """A network that is a layer counts its calls from 1, for 0 was when it was made; a Sequential does so at times."""
    lowest: dict[str, int] = {}
    calls = (call for layer in network.layers for call in layer.calls)
    for reference in (*network.outputs, *(found for call in calls for found in call.references())):
        lowest[reference.layer] = min(reference.call, lowest.get(reference.layer, reference.call))
    late = {layer.name for layer in network.layers if layer.network and lowest.get(layer.name, 0) == 1}

    def moved(value: Any) -> Any:
        if isinstance(value, Reference):
            return replace(value, call=value.call - 1) if value.layer in late else value
        if isinstance(value, list):
            return [moved(one) for one in value]
        return {key: moved(one) for key, one in value.items()} if isinstance(value, dict) else value

    layers = (
        replace(layer, calls=tuple(Call(moved(call.inputs), moved(call.arguments)) for call in layer.calls))
        for layer in network.layers
    )
    return replace(network, layers=tuple(layers), outputs=tuple(moved(one) for one in network.outputs))


def _call(node: Any) -> Call:
    """A node of `inbound_nodes`: a list of [layer, call, output, arguments], or one of these alone.

    The arguments have tensors as [layer, call, output]. A first argument that is no tensor stands in the place of the
    output, behind `_CONSTANT_VALUE`.
    """
    if isinstance(node, dict):
        raise NotTranslated("its layers are called on tensors with names")
    parts = [node] if _is_reference(node) else node
    if not isinstance(parts, list) or not parts or not all(map(_is_reference, parts)):
        raise Malformed("it says in an unknown way what its layers are called on")
    found = [part[2] if part[0] == "_CONSTANT_VALUE" else _reference(part) for part in parts]
    arguments: dict[str, Any] = {}
    for part in parts:
        arguments |= {key: _argument(value) for key, value in (part[3] if len(part) > 3 else {}).items()}
    return Call(found[0] if len(parts) == 1 else found, arguments)


def _is_reference(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and type(value[1]) is int
        and (type(value[2]) is int or value[0] == "_CONSTANT_VALUE")
        and (len(value) == 3 or isinstance(value[3], dict))
    )


def _reference(value: list[Any]) -> Reference:
    if value[1] < 0 or value[2] < 0:
        raise Malformed("it counts calls from below zero")
    return Reference(value[0], value[1], value[2])


def _argument(value: Any) -> Any:
    """An argument of a call, with References for tensors."""
    if _is_reference(value):
        return value[2] if value[0] == "_CONSTANT_VALUE" else _reference(value)
    if isinstance(value, list):
        return [_argument(one) for one in value]
    return {key: _argument(one) for key, one in value.items()} if isinstance(value, dict) else value


def _listed(value: Any) -> tuple[Reference, ...]:
    """The inputs or outputs of a network; one alone may stand without a list around it."""
    if isinstance(value, dict):
        value = list(value.values())
    found = [value] if _is_reference(value) else value
    if not isinstance(found, list) or not found or not all(map(_is_reference, found)):
        raise Malformed("it says in an unknown way what its inputs and outputs are")
    return tuple(map(_reference, found))


def _leaves(value: Any) -> Iterator[Reference]:
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, list | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _leaves(one)


def _field(data: Any, name: str, types: type | tuple[type, ...]) -> Any:
    if not isinstance(data, dict) or not isinstance(data.get(name), types):
        raise Malformed(f"it lacks {name!r} where a layer should be")
    return data[name]
