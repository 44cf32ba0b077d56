"""The metadata of a `.tflite` file, and the label files that are packed behind the model.

The metadata is a flatbuffer of its own inside the model's. Its schema is tflite-support's `metadata_schema.fbs`, whose
package is no longer kept; the few fields that matter here are read by their numbers in that schema.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ai_edge_litert.schema_py_generated import Model
from flatbuffers import number_types, table

from export.errors import Damaged, TooLarge
from export.source import bounds

ColorSpace = Literal["rgb", "gray"]

LABEL_FILES = ("labels.txt", "dict.txt", "labelmap.txt")
"""The packed files that are taken for labels where the metadata does not point to them."""

_MAX_TEXT = 1 << 24  # bytes; a list of labels is far smaller
_BUFFER = b"TFLITE_METADATA"
_IMAGE_PROPERTIES = 2  # in the union ContentProperties
_NORMALIZATION_OPTIONS = 1  # in the union ProcessUnitOptions
_TENSOR_AXIS_LABELS = 2  # in the enum AssociatedFileType
_COLOR_SPACES: dict[int, ColorSpace] = {1: "rgb", 2: "gray"}


@dataclass(frozen=True)
class TfliteMetadata:
    """The metadata of a classifier's first input and of the output with labels; empty or None where nothing is said.

    mean, std: the network sees (pixel - mean) / std of pixels 0 to 255, one value for all channels or one for each.
    A quantised network has the same two, and sees the result quantised by its input's scale and zero point.
    labels: as in the packed file `labels_file`, the same name twice included.
    """

    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    color_space: ColorSpace | None = None
    labels: tuple[str, ...] | None = None
    labels_file: str = ""

    @classmethod
    def read(cls, path: Path) -> TfliteMetadata:
        """The metadata of a `.tflite` file; Damaged when it cannot be read."""
        data = path.read_bytes()
        packed = _packed_files(path)
        try:
            return _read(data, packed)
        except (struct.error, IndexError, TypeError, ValueError) as error:  # offsets that lead out of the buffer
            raise Damaged(path, "its TFLite metadata cannot be read") from error


class _Table:
    """A flatbuffer's table, whose fields are read by their numbers in the schema."""

    def __init__(self, data: bytes, position: int) -> None:
        self._table = table.Table(data, position)

    @classmethod
    def root(cls, data: bytes) -> _Table:
        """The table that a buffer begins with."""
        return cls(data, struct.unpack_from("<I", data)[0])

    def _offset(self, field: int) -> int:
        return int(self._table.Offset(4 + 2 * field))  # two 16-bit sizes stand before the fields

    def byte(self, field: int) -> int:
        """A small number, 0 where it is absent: an enum, or which table a union holds."""
        offset = self._offset(field)
        return int(self._table.Get(number_types.Uint8Flags, self._table.Pos + offset)) if offset else 0

    def text(self, field: int) -> str:
        """A string, empty where it is absent."""
        offset = self._offset(field)
        return bytes(self._table.String(self._table.Pos + offset)).decode() if offset else ""

    def table(self, field: int) -> _Table | None:
        """A table inside this one."""
        offset = self._offset(field)
        return _Table(self._table.Bytes, self._table.Indirect(self._table.Pos + offset)) if offset else None

    def tables(self, field: int) -> Iterator[_Table]:
        """A list of tables."""
        for position in self._positions(field):
            yield _Table(self._table.Bytes, self._table.Indirect(position))

    def floats(self, field: int) -> tuple[float, ...]:
        """A list of float32."""
        return tuple(float(self._table.Get(number_types.Float32Flags, position)) for position in self._positions(field))

    def _positions(self, field: int) -> range:
        """Where the values of a list lie, which are of four bytes each."""
        offset = self._offset(field)
        if not offset:
            return range(0)
        start = int(self._table.Vector(offset))
        return range(start, start + 4 * int(self._table.VectorLen(offset)), 4)


def _read(data: bytes, packed: dict[str, bytes]) -> TfliteMetadata:
    buffer = _metadata_buffer(data)
    model = _Table.root(buffer) if buffer else None
    graph = next(model.tables(3), None) if model else None
    image = next(graph.tables(2), None) if graph else None
    mean, std = _normalization(image) if image else ((), ())
    file = _labels_file(graph, packed)
    return TfliteMetadata(
        mean=mean,
        std=std,
        color_space=_color_space(image) if image else None,
        labels=tuple(packed[file].decode("utf-8-sig").rstrip().splitlines()) if file else None,
        labels_file=file,
    )


def _metadata_buffer(data: bytes) -> bytes | None:
    model: Any = Model.GetRootAsModel(data, 0)
    for index in range(model.MetadataLength()):
        metadata = model.Metadata(index)
        if metadata.Name() == _BUFFER:
            return bytes(model.Buffers(metadata.Buffer()).DataAsNumpy())
    return None


def _color_space(tensor: _Table) -> ColorSpace | None:
    content = tensor.table(3)
    properties = content.table(1) if content and content.byte(0) == _IMAGE_PROPERTIES else None
    return _COLOR_SPACES.get(properties.byte(0)) if properties else None


def _normalization(tensor: _Table) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation."""
    for unit in tensor.tables(4):
        options = unit.table(1)
        if options and unit.byte(0) == _NORMALIZATION_OPTIONS:
            return options.floats(0), options.floats(1)
    return (), ()


def _labels_file(graph: _Table | None, packed: dict[str, bytes]) -> str:
    """The packed file with a name for each score: the one the metadata points to, else one of a usual name."""
    outputs = graph.tables(3) if graph else ()
    files = [file for output in outputs for file in output.tables(6) if file.byte(2) == _TENSOR_AXIS_LABELS]
    files.sort(key=lambda file: file.text(3) != "")  # the file of no locale before translations
    named = [*(file.text(0) for file in files), *LABEL_FILES]
    return next((name for name in named if name in packed), "")


def _packed_files(path: Path) -> dict[str, bytes]:
    """The text files packed behind the model, by name."""
    bounds.check_zip(path)
    if not zipfile.is_zipfile(path):
        return {}
    try:
        with zipfile.ZipFile(path) as archive:
            texts = [file for file in archive.infolist() if file.filename.endswith(".txt")]
            if sum(file.file_size for file in texts) > _MAX_TEXT:
                raise TooLarge(path, f"the lists packed behind it take more than {_MAX_TEXT >> 20} MB. Take them out.")
            return {file.filename: archive.read(file) for file in texts}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise Damaged(path, "the files packed behind the model cannot be read") from error
