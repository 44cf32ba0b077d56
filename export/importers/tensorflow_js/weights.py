"""The weights of a TensorFlow.js model: values one after the other in files, as a manifest in `model.json` says.

The format: https://github.com/tensorflow/tfjs/blob/master/tfjs-core/src/io/types.ts, `WeightsManifestEntry`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from export.errors import CannotOpen, Damaged, TooLarge
from export.source import integrity
from export.source.integrity import MAX_BYTES

MAX_WEIGHTS = 100_000
"""Far above what a network has, and read in a second."""

_BYTES_OF_LENGTH = 4  # in front of each string
_DTYPES = {"float32": "<f4", "int32": "<i4", "bool": "|u1", "complex64": "<c8", "string": "|u1"}
"""How values are stored, little-endian; of strings the bytes."""
_QUANTIZED = {"uint8": "|u1", "uint16": "<u2", "float16": "<f2"}


@dataclass(frozen=True)
class Weight:
    """How one weight is stored. scale, minimum: of values in whole numbers, `scale * number + minimum`."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    quantized: str | None
    scale: float
    minimum: float
    of_optimizer: bool

    @property
    def count(self) -> int:
        """How many values it has."""
        return math.prod(self.shape)

    @property
    def stored(self) -> np.dtype[Any]:
        """The type of the stored values."""
        return np.dtype(_QUANTIZED[self.quantized] if self.quantized else _DTYPES[self.dtype])

    def decode(self, data: memoryview) -> npt.NDArray[Any]:
        """The values, computed as TensorFlow.js does: in double precision, then rounded to the weight's type."""
        values = np.frombuffer(data, self.stored)
        if self.quantized in ("uint8", "uint16"):
            real = values.astype(np.float64) * self.scale + self.minimum
            values = np.floor(real + 0.5) if self.dtype == "int32" else real
        dtype = np.bool_ if self.dtype == "bool" else np.dtype(self.dtype)
        return values.astype(dtype).reshape(self.shape)


@dataclass(frozen=True)
class Group:
    """Weights that lie one after the other in files, which are read as one."""

    paths: tuple[Path, ...]
    weights: tuple[Weight, ...]


def read_groups(path: Path, manifest: Iterable[Any]) -> tuple[Group, ...]:
    """The groups of a manifest in the `model.json` at `path`; raises Damaged, TooLarge or CannotOpen."""
    groups = tuple(_group(path, item) for item in manifest)
    weights = [weight for group in groups for weight in group.weights]
    if len(weights) > MAX_WEIGHTS:
        raise TooLarge(path, f"it has more than {MAX_WEIGHTS:,} weights.")
    if twice := [name for name, count in Counter(weight.name for weight in weights).items() if count > 1]:
        raise Damaged(path, f"it has two weights of the name {twice[0]!r}")
    size = sum(weight.count * (1 if weight.dtype == "string" else _itemsize(weight)) for weight in weights)
    if size > MAX_BYTES:
        raise TooLarge(path, f"its weights take {size / 1e9:.1f} GB, and an ONNX file holds 2 GB at most.")
    return groups


def check_files(path: Path, groups: Iterable[Group]) -> None:
    """Refuse what `read_weights` would, as far as the sizes of the files show it."""
    for group in groups:
        _check_group(path, group)


def read_weights(path: Path, groups: Iterable[Group]) -> dict[str, npt.NDArray[Any]]:
    """The values of all weights but an optimizer's, by name; strings are bytes in an array of objects.

    Raises Damaged where files have more or fewer bytes than the weights need, and CannotOpen where one is missing.
    """
    return {
        weight.name: values for group in groups for weight, values in _values(path, group) if not weight.of_optimizer
    }


def _itemsize(weight: Weight) -> int:
    return np.dtype(weight.dtype).itemsize


def _group(path: Path, item: Any) -> Group:
    try:
        paths, weights = item["paths"], item["weights"]
        named = tuple(_shard(path, name) for name in paths)
        return Group(named, tuple(_weight(path, weight) for weight in weights))
    except (TypeError, KeyError, AttributeError) as error:
        raise Damaged(path, "its weightsManifest is not of the known form") from error


def _shard(path: Path, name: str) -> Path:
    """A file with weights: below the folder of `model.json`, and nowhere else."""
    if {"..", ""} & set(name.split("/")) or set(name) & set("\\:\0"):  # an address has a colon
        raise CannotOpen(
            path, f"its weights lie at {name!r}, outside its folder. Put model and weights into one folder."
        )
    return path.parent / PurePosixPath(name)


def _weight(path: Path, item: Any) -> Weight:
    name, shape, dtype = item["name"], tuple(item["shape"]), item["dtype"]
    quantization = item.get("quantization") or {}
    quantized = quantization.get("dtype") if quantization else None
    if not isinstance(name, str) or any(type(size) is not int or size < 0 for size in shape):
        raise Damaged(path, f"the name or the shape of a weight, {name!r} and {list(shape)}, is none")
    if math.prod(max(size, 1) for size in shape) > MAX_BYTES:
        raise TooLarge(path, f"the weight {name} has the shape {list(shape)}, more than an ONNX file holds.")
    if dtype not in _DTYPES:
        raise CannotOpen(path, f"the weight {name} is of the type {dtype!r}, which TensorFlow.js does not have.")
    if quantization and not _fits(dtype, quantization):
        raise CannotOpen(
            path,
            f"the weight {name}, {dtype}, is quantised as {quantization}. Known are uint8 and uint16 with scale and "
            "min, and float16 for float32. Convert the model again.",
        )
    scale, minimum = float(quantization.get("scale", 1)), float(quantization.get("min", 0))
    return Weight(name, shape, dtype, quantized, scale, minimum, item.get("group") == "optimizer")


def _fits(dtype: str, quantization: dict[str, Any]) -> bool:
    """Whether TensorFlow.js reads weights of this type in this quantisation."""
    if quantization.get("dtype") == "float16":
        return dtype == "float32"
    numbers = (quantization.get("scale"), quantization.get("min"))
    is_said = all(isinstance(number, int | float) and math.isfinite(number) for number in numbers)
    return quantization.get("dtype") in ("uint8", "uint16") and dtype in ("float32", "int32") and is_said


def _values(path: Path, group: Group) -> Iterator[tuple[Weight, npt.NDArray[Any]]]:
    data = memoryview(_bytes(path, group))
    start = 0
    for weight in group.weights:
        if weight.dtype == "string":
            values, start = _strings(path, group, weight, data, start)
        else:
            end = start + weight.count * weight.stored.itemsize
            if end > len(data):
                raise _wrong_size(path, group, end, len(data))
            values, start = weight.decode(data[start:end]), end
        yield weight, values
    if start != len(data):
        raise _wrong_size(path, group, start, len(data))


def _bytes(path: Path, group: Group) -> bytes:
    _check_group(path, group)
    return b"".join(shard.read_bytes() for shard in group.paths)


def _check_group(path: Path, group: Group) -> None:
    """Refuse files that are missing or of another size than the weights; strings are counted when they are read."""
    for shard in group.paths:
        if not shard.is_file():
            name = shard.relative_to(path.parent)
            raise CannotOpen(path, f"{name}, with its weights, is not there. Copy all files of the model.")
        integrity.check_present(shard)
    strings = [weight for weight in group.weights if weight.dtype == "string"]
    others = [weight for weight in group.weights if weight.dtype != "string"]
    needed = sum(weight.count * weight.stored.itemsize for weight in others)
    needed += sum(weight.count * _BYTES_OF_LENGTH for weight in strings)
    there = sum(shard.stat().st_size for shard in group.paths)
    if there > MAX_BYTES or there < needed or (there > needed and not strings):
        raise _wrong_size(path, group, needed, there)


def _wrong_size(path: Path, group: Group, needed: int, there: int) -> Damaged:
    """Of several files all but the last are alike in size: the first that is smaller is the one that was cut off."""
    if not group.paths:
        return Damaged(path, f"its weights take {needed:,} bytes, and no file holds them")
    sizes = [shard.stat().st_size for shard in group.paths]
    short = (shard for shard, size in zip(group.paths[:-1], sizes) if size != max(sizes))
    suspect = next(short, group.paths[-1]) if there < needed else group.paths[-1]
    what = "cut off" if there < needed else "of another model, or written twice"
    return Damaged(suspect, f"the weights take {needed:,} bytes, and their files hold {there:,}: it seems {what}")


def _strings(path: Path, group: Group, weight: Weight, data: memoryview, end: int) -> tuple[npt.NDArray[Any], int]:
    """The strings of a weight that begins at `end`, each behind its length, and where they end."""
    values = np.empty(weight.count, object)
    for index in range(weight.count):
        start = end + _BYTES_OF_LENGTH
        end = start + int.from_bytes(data[end:start], "little")
        if end > len(data):
            raise _wrong_size(path, group, end, len(data))
        values[index] = bytes(data[start:end])
    return values.reshape(weight.shape), end
