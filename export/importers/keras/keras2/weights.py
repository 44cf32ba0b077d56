"""Which array of the file belongs to which weight of which layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from export.importers.keras.keras2.hdf5 import Weight
from export.importers.keras.keras2.layer_specs import KINDS, ONLY_IN_TRAINING, OPERATIONS, WeightSpec
from export.importers.keras.keras2.problems import Malformed, NotTranslated, OwnCode
from export.importers.keras.keras2.structure import Layer, Network, every_layer

Path = tuple[str, ...]
"""Where a layer is: the names of the networks around it, and its own."""

Assigned = Mapping[Path, Mapping[str, Weight]]
"""The arrays of each layer, by the names of its weights."""


@dataclass(frozen=True)
class Wanted:
    """A weight that a layer has, and whether it was trained when the file was written."""

    path: Path
    slot: WeightSpec
    trained: bool


def assign(network: Network, saved: Mapping[str, list[Weight]]) -> Assigned:
    """An array for every weight of every layer; raises Malformed where one is missing, left over or named otherwise.

    saved: the arrays of each layer of `network` itself; a network inside has all its own in one list.
    """
    assigned: dict[Path, dict[str, Weight]] = {}
    for layer, weights in _layers(network, saved):
        for wanted, weight in zip(_order(layer, weights), weights):
            assigned.setdefault(wanted.path, {})[wanted.slot.name] = weight
    return assigned


def _layers(network: Network, saved: Mapping[str, list[Weight]]) -> Iterator[tuple[Layer, list[Weight]]]:
    """The layers that have weights, with these: by their names, or in order where Keras 2.1 saves none."""
    having = [layer for layer in network.layers if any(_wanted((layer,), (), True))]
    if {layer.name for layer in having} == saved.keys():
        return ((layer, saved[layer.name]) for layer in having)
    if len(having) != len(saved):
        raise Malformed(f"{len(having)} of its layers have weights, and those of {len(saved)} are saved")
    return zip(having, saved.values())


def _order(layer: Layer, weights: list[Weight]) -> list[Wanted]:
    """The weights of a layer in the order of the file, told by their names.

    Keras 2 writes those that are trained first. Versions differ in whether a network's own `trainable` counts for that,
    and older ones do not save it.
    """
    names = {wanted.path[-1] for wanted in _wanted((layer,), (), True)}
    for networks_count in (False, True):
        in_place = list(_wanted((layer,), (), networks_count))
        if len(in_place) != len(weights):
            raise Malformed(f"the layer {layer.name!r} has {len(in_place)} weights, and {len(weights)} are saved")
        for order in (sorted(in_place, key=lambda wanted: not wanted.trained), in_place):
            if all(_fits(wanted, weight, names) for wanted, weight in zip(order, weights)):
                return order
    found = ", ".join(weight.name for weight in weights[:4])
    raise Malformed(f"the weights of the layer {layer.name!r} are saved as {found}, …, which is not their order")


def _wanted(layers: tuple[Layer, ...], above: Path, networks_count: bool, trained: bool = True) -> Iterator[Wanted]:
    for layer in layers:
        on = layer.config.get("trainable", True) is not False
        path = (*above, layer.name)
        if layer.network:
            inside = trained and (layer.network.trainable or not networks_count)
            yield from _wanted(layer.network.layers, path, networks_count, inside)
        elif layer.kind in KINDS:
            yield from (Wanted(path, slot, trained and on and slot.trained) for slot in slots(layer))


def slots(layer: Layer) -> tuple[WeightSpec, ...]:
    """The weights that a layer has, in the order in which it makes them."""
    if layer.kind == "Normalization" and layer.config.get("mean") is not None:
        return ()
    return KINDS[layer.kind].slots_of(layer.config)


def _fits(wanted: Wanted, weight: Weight, names: set[str]) -> bool:
    """Whether an array has the name of a weight, and not that of another layer before it.

    Most arrays are called by their layer too. The names of those that were renamed, or made twice, are of no layer.
    """
    if wanted.slot.name != weight.last_name:
        return False
    owner = weight.owner
    while owner not in names and "/" in owner:
        owner = owner.partition("/")[2]
    return owner not in names or owner == wanted.path[-1]


def check_known(network: Network) -> None:
    """Raise OwnCode for layers that no Keras has, NotTranslated for those whose weights are not known."""
    import keras

    for layer in every_layer(network):
        if layer.network or layer.kind in _KNOWN:
            continue
        if layer.kind == "Lambda" or not (hasattr(keras.layers, layer.kind) or layer.kind in _ONLY_IN_KERAS_2):
            raise OwnCode.of_layer(layer.kind, layer.name)
        raise NotTranslated(f"layer {layer.name!r} ({layer.kind}): it is of a kind that is not built here")


_KNOWN = frozenset({*KINDS, *ONLY_IN_TRAINING, *OPERATIONS, "InputLayer", "ThresholdedReLU"})
_ONLY_IN_KERAS_2 = frozenset({"CuDNNGRU", "CuDNNLSTM", "LocallyConnected1D", "LocallyConnected2D"})
