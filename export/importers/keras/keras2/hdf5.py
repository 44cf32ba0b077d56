"""The contents of Keras's HDF5 files: a configuration, and the weights of each layer in their order.

HDF5 lets a file name other files, declare more than it holds and link in circles. Every step from group to dataset is
looked at before it is taken, and every size before memory is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from export.importers.keras.keras2.problems import Malformed
from export.source.integrity import MAX_BYTES

START = b"\x89HDF\r\n\x1a\n"

MOST_TEXT = 2**23
"""Bytes of an attribute; the configurations of the largest networks of keras.applications have about 2**20."""

MOST_LEVELS = 24
"""Of groups inside groups, in an archive; a network in a network adds two."""

MOST_EXPANSION = 1024
"""How many bytes of weights a stored byte may stand for, where the file is compressed."""


@dataclass(frozen=True)
class Weight:
    """An array in the file: its name there, and the dataset, which is read when it is asked for."""

    name: str
    dataset: Any

    @property
    def last_name(self) -> str:
        """The layer's own name of it: `kernel` of `block1/conv/kernel:0`."""
        return self.name.rpartition("/")[2].partition(":")[0]

    @property
    def owner(self) -> str:
        """The path before that name: `block1/conv`."""
        return self.name.rpartition("/")[0]


def is_hdf5(path: Path) -> bool:
    """Whether a file begins as an HDF5 file does."""
    with path.open("rb") as file:
        return file.read(len(START)) == START


@contextmanager
def opened(path: Path | IO[bytes]) -> Iterator[Any]:
    """The file as an h5py.File for as long as the block runs; raises OSError where it is none."""
    import h5py  # takes a tenth of a second, and most models are SavedModels

    with h5py.File(path, "r") as file:
        yield file


def text(group: Any, name: str) -> str | None:
    """An attribute as text, whether it was written as such or as bytes; None where there is none."""
    value = _attribute(group, name)
    if value is None:
        return None
    value = value.item() if getattr(value, "size", 0) == 1 else value
    if isinstance(value, str | bytes) and len(value) > MOST_TEXT:
        raise Malformed(f"its attribute {name} is larger than {MOST_TEXT} bytes")
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Malformed(f"its attribute {name} is no UTF-8") from error
    if isinstance(value, str):
        return value
    raise Malformed(f"its attribute {name} is no text")


def names(group: Any, attribute: str) -> list[str]:
    """A list of names; Keras cuts long ones into attributes with a number behind their name."""
    found = _attribute(group, attribute)
    parts = [found] if found is not None else []
    while found is None and (part := _attribute(group, f"{attribute}{len(parts)}")) is not None:
        parts.append(part)
    values = [value for part in parts for value in (part.tolist() if hasattr(part, "tolist") else [part])]
    if not all(isinstance(value, bytes | str) for value in values):
        raise Malformed(f"its attribute {attribute} is no list of names")
    return [value if isinstance(value, str) else value.decode("utf-8", "replace") for value in values]


def layers(root: Any) -> dict[str, list[Weight]]:
    """The weights of each layer that has some, in the order of the file; `root` is the group with `layer_names`.

    Raises Malformed for links, for arrays that lie elsewhere, and for more than MAX_BYTES.
    """
    found: dict[str, list[Weight]] = {}
    total = 0
    for name in names(root, "layer_names"):
        group = _inside(root, name)
        weights = [Weight(weight, dataset(group, weight)) for weight in names(group, "weight_names")]
        total += sum(weight.dataset.dtype.itemsize * math.prod(weight.dataset.shape) for weight in weights)
        if total > MAX_BYTES:
            raise Malformed(f"its weights take more than {MAX_BYTES / 1e9:.1f} GB")
        if weights and name in found:
            raise Malformed(f"it names the layer {name!r} twice")
        if weights:
            found[name] = weights
    return found


def own_weights(root: Any) -> list[str]:
    """The names of weights that belong to the model and to none of its layers."""
    group = "top_level_model_weights"
    return names(_inside(root, group), "weight_names") if has(root, group) else []


def weights_group(file: Any) -> Any:
    """The group that holds the weights: that of a whole model, or the file itself where it holds weights alone."""
    return _inside(file, "model_weights") if "model_config" in file.attrs else file


def _attribute(group: Any, name: str) -> Any:
    """An attribute's value, after its declared size was looked at; None where there is none."""
    if name not in group.attrs:
        return None
    attribute = group.attrs.get_id(name)
    if math.prod(attribute.shape) * attribute.dtype.itemsize > MOST_TEXT:
        raise Malformed(f"its attribute {name} is larger than {MOST_TEXT} bytes")
    try:
        return group.attrs[name]
    except (OSError, UnicodeDecodeError) as error:
        raise Malformed(f"its attribute {name} cannot be read") from error


def _inside(group: Any, path: str) -> Any:
    """The item at a path below a group, reached by hard links alone."""
    import h5py

    for part in path.split("/"):
        if not isinstance(group, h5py.Group) or not part or not has(group, part):
            raise Malformed(f"{path!r} is not in it")
        if group.id.links.get_info(part.encode()).type != h5py.h5l.TYPE_HARD:
            raise Malformed(f"{path!r} is a link to another place or file")
        group = group[part]
    return group


def has(group: Any, name: str) -> bool:
    """Whether a group has a link of that name; `name in group` would follow it, into another file too."""
    return bool(group.id.links.exists(name.encode()))


def count(group: Any, level: int = 0) -> int:
    """How many arrays lie in a group and all groups inside; raises Malformed for groups inside groups without end."""
    import h5py

    if level > MOST_LEVELS:
        raise Malformed("it has groups inside groups without end")
    found = 0
    for name in group.id:
        inside = _inside(group, name.decode("utf-8", "replace"))
        found += count(inside, level + 1) if isinstance(inside, h5py.Group) else 1
    return found


def dataset(group: Any, path: str) -> Any:
    """An array of numbers at a path, which is not read yet; raises Malformed for any other, and for too large ones."""
    import h5py

    dataset = _inside(group, path)
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None or dataset.dtype.kind not in "fiu":
        raise Malformed(f"{path!r} is no array of numbers")
    if dataset.external or dataset.is_virtual:
        raise Malformed(f"the numbers of {path!r} lie in another file")
    size = dataset.dtype.itemsize * math.prod(dataset.shape)
    if size > MOST_EXPANSION * max(dataset.id.get_storage_size(), 1):
        raise Malformed(f"{path!r} declares {size} bytes and does not hold them")
    return dataset
