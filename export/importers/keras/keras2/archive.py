"""A `.keras` archive of Keras 2, as `model.save` writes it from TensorFlow 2.12 to 2.15."""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from export.importers.keras.keras2 import hdf5, text
from export.importers.keras.keras2.hdf5 import Weight
from export.importers.keras.keras2.layer_specs import KINDS
from export.importers.keras.keras2.problems import Malformed
from export.importers.keras.keras2.structure import Network
from export.importers.keras.keras2.weights import Assigned, slots
from export.source.integrity import MAX_BYTES

MOST_EXPANSION = 200
"""How many times its size in the archive a file may have; weights hardly get smaller."""

_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
"""The names of the group of a model's layers, from 2.13 on and before."""


def version(path: Path) -> str:
    """The version of Keras that wrote an archive; empty where it does not say, or is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            metadata = text.parsed(_text(archive, "metadata.json"))
    except (zipfile.BadZipFile, KeyError, Malformed):
        return ""
    return str(metadata.get("keras_version", "")) if isinstance(metadata, dict) else ""


@contextmanager
def opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """The configuration in an archive and its weights as an h5py.File; raises Malformed."""
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryFile() as unpacked:
            config = text.parsed(_text(archive, "config.json"))
            with archive.open(_member(archive, "model.weights.h5", MAX_BYTES)) as packed:
                shutil.copyfileobj(packed, unpacked)
            with hdf5.opened(unpacked) as file:
                yield config, file
    except (zipfile.BadZipFile, KeyError) as error:
        raise Malformed("it is damaged, or lacks its network or its weights") from error


def assign(network: Network, file: Any) -> Assigned:
    """The arrays of each layer, which are found by the names of classes; Malformed unless each has its layer."""
    assigned = dict(_assigned(network, file, (), ()))
    used = sum(len(weights) for weights in assigned.values())
    saved = hdf5.count(file)
    if used != saved:
        raise Malformed(f"it holds {saved} arrays, and its layers have {used} weights")
    return assigned


def _assigned(
    network: Network, file: Any, group: tuple[str, ...], above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], dict[str, Weight]]]:
    numbers: Counter[str] = Counter()
    for layer in network.layers:
        kind = _snake_case("Functional" if layer.kind == "Model" else layer.kind)
        name = f"{kind}_{numbers[kind]}" if numbers[kind] else kind
        numbers[kind] += 1
        if layer.network:
            yield from _assigned(layer.network, file, (*group, name), (*above, layer.name))
        elif layer.kind in KINDS and (wanted := slots(layer)):
            paths = (_path(file, (*group, name), index) for index in range(len(wanted)))
            weights = (Weight(path, hdf5.dataset(file, path)) for path in paths)
            yield (*above, layer.name), dict(zip((slot.name for slot in wanted), weights))


def _path(file: Any, groups: tuple[str, ...], index: int) -> str:
    container = next((name for name in _CONTAINERS if hdf5.has(file, name)), _CONTAINERS[0])
    return "/".join((*(part for name in groups for part in (container, name)), "vars", str(index)))


def _snake_case(name: str) -> str:
    """The name that Keras makes of a class's name: `max_pooling2d` of MaxPooling2D."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _text(archive: zipfile.ZipFile, name: str) -> str:
    try:
        return archive.read(_member(archive, name, hdf5.MOST_TEXT)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"its {name} is no UTF-8") from error


def _member(archive: zipfile.ZipFile, name: str, most: int) -> zipfile.ZipInfo:
    member = archive.getinfo(name)
    if member.file_size > min(most, MOST_EXPANSION * max(member.compress_size, 1)):
        raise Malformed(f"its {name} takes {member.file_size} bytes when it is unpacked")
    return member
