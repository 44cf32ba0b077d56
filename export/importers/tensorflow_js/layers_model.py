"""A TensorFlow.js layers model as a SavedModel: its layers, built by Keras 3 with the weights of their names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy.typing as npt

from export.errors import CannotOpen, Damaged, first_line
from export.importers.keras.keras2 import saved_model, structure
from export.importers.keras.keras2.build import build
from export.importers.keras.keras2.hdf5 import Weight
from export.importers.keras.keras2.layer_specs import KINDS
from export.importers.keras.keras2.problems import Malformed, NotTranslated, OwnCode
from export.importers.keras.keras2.structure import Network
from export.importers.tensorflow_js.document import Document

Place = tuple[str, ...]
"""Where a layer is: the names of the networks around it, and its own."""

_ADVICE = "Convert it in Python, where it was made, and give the SavedModel or the Keras file."
_OTHERWISE = frozenset(("Resizing", "CenterCrop"))
"""Layers whose borders TensorFlow.js puts elsewhere than Keras."""


def save(document: Document, weights: Mapping[str, npt.NDArray[Any]], folder: Path) -> None:
    """Write the model to `folder` as a SavedModel; raises CannotOpen, or Damaged where its weights do not fit."""
    built = model(document, weights)
    with _explained(document.path):
        saved_model.write(built, [weight.value for weight in built.weights], folder)


def model(document: Document, weights: Mapping[str, npt.NDArray[Any]]) -> Any:
    """The model as a keras.Model; raises as `save` does."""
    with _explained(document.path):
        network = structure.network(_as_keras_writes(document.topology))
        assigned, left = _assigned(network, weights)
        built = build(network, assigned)
        if left:
            raise Malformed(f"the weights {', '.join(left[:3])} are part of no layer in it")
        return built


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Say of the model at `path` what is wrong with its layers."""
    try:
        yield
    except Malformed as error:
        raise Damaged(path, str(error)) from error
    except OwnCode as error:
        raise CannotOpen(path, f"{error}, which only its author's code computes. {_ADVICE}") from error
    except NotTranslated as error:
        raise CannotOpen(path, f"{error}. {_ADVICE}") from error
    except Exception as error:  # Keras raises many types for layers that do not fit together
        raise CannotOpen(path, f"Keras cannot build it: {first_line(error)} {_ADVICE}") from error


def _as_keras_writes(layer: Any) -> Any:
    """A configuration in Keras 2's words; raises NotTranslated for layers that TensorFlow.js computes otherwise."""
    if isinstance(layer, list):
        return [_as_keras_writes(item) for item in layer]
    if not isinstance(layer, dict):
        return layer
    config, kind = layer.get("config"), layer.get("class_name")
    if isinstance(config, dict):
        if kind in _OTHERWISE or (kind == "UpSampling2D" and config.get("interpolation", "nearest") != "nearest"):
            raise NotTranslated(f"its layer {config.get('name')!r} ({kind}) is not the same in TensorFlow.js and Keras")
        if kind == "Reshape" and isinstance(sides := config.get("target_shape"), list):
            config = {**config, "target_shape": [-1 if side is None else side for side in sides]}
    plain = {**layer, **({"config": config} if config else {})}
    if isinstance(nodes := layer.get("inbound_nodes"), list):
        plain["inbound_nodes"] = [_call(node) for node in nodes]
    return {key: _as_keras_writes(value) for key, value in plain.items()}


def _call(node: Any) -> Any:
    """The arguments of a layer as Keras 2 writes them; Keras 3 writes objects, of which only tensors are known."""
    try:
        (given,) = node["args"]
        tensors = given if isinstance(given, list) else [given]
        return [[*tensor["config"]["keras_history"], node["kwargs"]] for tensor in tensors]
    except (TypeError, KeyError, ValueError):
        return node


def _assigned(
    network: Network, weights: Mapping[str, npt.NDArray[Any]]
) -> tuple[dict[Place, dict[str, Weight]], list[str]]:
    """The weights of each layer, by their names `layer/weight`, each used once; and the names of those left over."""
    places = list(_places(network, ()))
    wanted = {f"{place[-1]}/{slot}" for place, slot in places}
    left = {_name(name, wanted): name for name in weights}
    assigned: dict[Place, dict[str, Weight]] = {}
    for place, slot in places:
        name = f"{place[-1]}/{slot}"
        if name not in left:
            raise Malformed(f"its weight {name} is not in the weightsManifest")
        found = left.pop(name)
        assigned.setdefault(place, {})[slot] = Weight(found, weights[found])
    return assigned, sorted(left.values())


def _places(network: Network, above: Place) -> Iterator[tuple[Place, str]]:
    """Where each weight belongs: the layer, and what it is there."""
    for layer in network.layers:
        place = (*above, layer.name)
        if layer.network:
            yield from _places(layer.network, place)
        elif kind := KINDS.get(layer.kind):
            yield from ((place, slot.name) for slot in kind.slots_of(layer.config))


def _name(name: str, wanted: Collection[str]) -> str:
    """A weight's name as `layer/weight`; converters put a cell's name before the last part, or a network's in front."""
    parts = name.split("/")
    tries = (name, "/".join([*parts[:-2], parts[-1]]), "/".join(parts[-2:]))
    return next((one for one in tries if one in wanted), name)
