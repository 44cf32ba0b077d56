"""Which array of the file belongs to which weight of which layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from export.importers.keras.keras2.hdf5 import Weight
from export.importers.keras.keras2.kinds import KINDS, Slot
from export.importers.keras.keras2.problems import Malformed
from export.importers.keras.keras2.structure import Layer, Network

Path = tuple[str, ...]
"""Where a layer is: the names of the networks around it, and its own."""

Assigned = Mapping[Path, Mapping[str, Weight]]
"""The arrays of each layer, by the names of its weights."""


@dataclass(frozen=True)
class Wanted:
    """A weight that a layer has, and whether it was trained when the file was written."""

    path: Path
    slot: Slot
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

    Keras 2 writes those that are trained first. Where a network's own `trainable` was off, which older versions do not
    save, it writes each layer's together; the names of the layers, which stand before those of the weights, decide.
    """
    in_place = list(_wanted((layer,), (), True))
    trained_first = sorted(in_place, key=lambda wanted: not wanted.trained)
    if len(in_place) != len(weights):
        raise Malformed(f"the layer {layer.name!r} has {len(in_place)} weights, and {len(weights)} are saved")
    fitting = [order for order in (trained_first, in_place) if _named_alike(order, weights)]
    if not fitting:
        names = ", ".join(weight.last_name for weight in weights[:6])
        raise Malformed(f"the weights of the layer {layer.name!r} are saved as {names}, which is not their order")
    return max(fitting, key=lambda order: _alike_owners(order, weights))


def _wanted(layers: tuple[Layer, ...], above: Path, trained: bool) -> Iterator[Wanted]:
    for layer in layers:
        on = trained and layer.config.get("trainable", True) is not False
        path = (*above, layer.name)
        if layer.network:
            yield from _wanted(layer.network.layers, path, on and layer.network.trainable)
        elif kind := KINDS.get(layer.kind):
            for slot in kind.slots_of(layer.config):
                if not (layer.kind == "Normalization" and layer.config.get("mean") is not None):
                    yield Wanted(path, slot, on and slot.trained)


def _named_alike(order: list[Wanted], weights: list[Weight]) -> bool:
    return all(wanted.slot.name == weight.last_name for wanted, weight in zip(order, weights))


def _alike_owners(order: list[Wanted], weights: list[Weight]) -> int:
    """For how many weights the array's name ends in the name of the layer."""
    return sum(
        f"/{weight.owner}".endswith(f"/{wanted.path[-1]}") for wanted, weight in zip(order, weights) if weight.owner
    )
