"""The contents of a Keras file, before Keras opens it: Python code, names of other files, and how large it is.

Keras itself refuses most of this by now; its older versions, which are allowed here, do not.
"""

from __future__ import annotations

import errno
import json
import lzma
import math
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

from export.errors import Damaged, NotAModel, NotTrusted, TooLarge
from export.importers.keras.keras2 import architecture, hdf5
from export.source import bounds
from export.source.integrity import MAX_BYTES
from export.source.lookalikes import EXPORT_AGAIN

MAX_CONFIG = 1 << 26
"""Bytes of the network's description; that of a large one has a hundredth."""
MAX_OBJECTS = 100_000
"""Groups and data sets of weights."""

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_WITH_CODE = {
    "Lambda": "Python code",
    "__lambda__": "Python code",
    "TorchModuleWrapper": "a pickled object",
    "FlaxLayer": "Python code",
    "JaxLayer": "Python code",
    "TFSMLayer": "another SavedModel",
}
"""Layers of Keras's own that run what is packed in them or lies elsewhere, and what that is."""


_OF_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    OSError,
)
_OF_HDF5 = (OSError, RuntimeError, KeyError, ValueError, TypeError)
"""The errors that the libraries raise for damaged files."""


def check(path: Path) -> None:
    """Refuse a file that is damaged, too large, or holds more than Keras's own layers; raises CannotOpen or a leaf."""
    is_archive = path.suffix.lower() == ".keras" and not hdf5.is_hdf5(path)  # Keras 2 wrote HDF5 into .keras, too
    (_check_archive if is_archive else _check_hdf5)(path)


def _check_archive(path: Path) -> None:
    bounds.check_zip(path)
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {member.filename: member.file_size for member in archive.infolist()}
            if _CONFIG not in sizes:
                raise NotAModel(path, f"it holds no config.json, the network. {EXPORT_AGAIN}")
            if sum(sizes.values()) > MAX_BYTES:
                raise TooLarge(
                    path, f"unpacked, it takes {sum(sizes.values()) / 1e9:.1f} GB. Export a smaller network."
                )
            _check_config(path, archive.read(_CONFIG) if sizes[_CONFIG] <= MAX_CONFIG else None)
            if _WEIGHTS in sizes:
                _check_weights(path, archive)
    except _OF_ZIP as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # of the disk, not of the archive
            raise
        raise Damaged(path, f"it cannot be read ({error})") from error


def _check_hdf5(path: Path) -> None:
    try:
        with h5py.File(path) as file:
            _check_config(path, _config(path, file))
            _check_objects(path, file)
    except _OF_HDF5 as error:
        raise Damaged(path, f"it cannot be read ({error})") from error


def _config(path: Path, file: h5py.File) -> bytes:
    """The network's description: in the file, or beside it where Keras 2 saved the weights alone."""
    if "model_config" in file.attrs:
        config = file.attrs["model_config"]
        return config if isinstance(config, bytes) else str(config).encode(errors="surrogateescape")
    if any(name in file.attrs for name in ("layer_names", "layer_names0")) and (model := architecture.beside(path)):
        return json.dumps(model).encode()
    raise NotAModel(path, f"it holds weights without their network. {EXPORT_AGAIN}")


def _check_weights(path: Path, archive: zipfile.ZipFile) -> None:
    """As a file of its own: HDF5 jumps to and fro, which is slow in what is compressed."""
    with tempfile.TemporaryDirectory(prefix="export-") as folder:
        unpacked = Path(folder) / _WEIGHTS
        with archive.open(_WEIGHTS) as source, unpacked.open("wb") as target:
            shutil.copyfileobj(source, target)
        try:
            with h5py.File(unpacked) as file:
                _check_objects(path, file)
        except _OF_HDF5 as error:
            raise Damaged(path, f"its weights cannot be read ({error})") from error


def _check_config(path: Path, config: bytes | None) -> None:
    if config is None or len(config) > MAX_CONFIG:
        raise TooLarge(path, f"its network is described in more than {MAX_CONFIG >> 20} MB. Export a smaller network.")
    try:
        document = json.loads(config)
    except (ValueError, RecursionError) as error:
        raise Damaged(path, f"the description of its network cannot be read ({type(error).__name__})") from error
    for part in _parts(document):
        name = part.get("class_name")
        if isinstance(name, str) and (what := _WITH_CODE.get(name.rpartition(">")[2])):
            raise _not_trusted(path, f"its layer {name} holds {what}, which runs when it is opened")
        if isinstance(part.get("vocabulary"), str):
            raise _not_trusted(path, f"it reads its vocabulary from the file {part['vocabulary']!r}")


def _parts(document: Any) -> Iterator[dict[str, Any]]:
    """The objects in a JSON document, without recursion."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _check_objects(path: Path, file: h5py.File) -> None:
    """Refuse weights that lie in other files, or take more memory than an ONNX file can hold."""
    size = 0
    for weights in _datasets(path, file):
        if weights.external or weights.is_virtual:
            raise _not_trusted(path, f"its weights {weights.name!r} lie in another file")
        size += math.prod(weights.shape or ()) * int(weights.dtype.itemsize)
        if size > MAX_BYTES:
            raise TooLarge(path, f"its weights take more than {MAX_BYTES / 1e9:.1f} GB.")
        weights[()]  # read here, where nothing is lost when HDF5 breaks off


def _datasets(path: Path, file: h5py.File) -> Iterator[h5py.Dataset]:
    """All that a file holds, each once, whatever links lead to it."""
    waiting: list[h5py.Group] = [file]
    addresses: set[int] = set()
    links = 0
    while waiting:
        group = waiting.pop()
        for name in group:
            links += 1
            if links > MAX_OBJECTS:
                raise TooLarge(path, f"it has more than {MAX_OBJECTS:,} weights. Export a smaller network.")
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                raise _not_trusted(path, f"its weights lie in another file, {link.filename!r}")
            if not isinstance(link, h5py.HardLink):  # to elsewhere in this file, where it is met as itself
                continue
            found = group[name]
            address = h5py.h5o.get_info(found.id).addr
            if address not in addresses:
                addresses.add(address)
                if isinstance(found, h5py.Group):
                    waiting.append(found)
                elif isinstance(found, h5py.Dataset):
                    yield found


def _not_trusted(path: Path, what: str) -> NotTrusted:
    return NotTrusted(
        path, f"{what}. Load it in the Python that saved it, call model.export(FOLDER), and give that folder."
    )
