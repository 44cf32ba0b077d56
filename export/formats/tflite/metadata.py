"""TFLite metadata as it is written: a flatbuffer inside the model's, and the labels in a zip archive behind it.

The schema is tflite-support's `metadata_schema.fbs`, whose package is no longer kept; its fields are written by their
numbers, as `source.tflite_metadata` reads them.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from export.formats.tflite.network import INPUT, SCORES

LABELS = "labels.txt"

_KEY = b"TFLITE_METADATA"
_PARSER = "1.0.0"  # the first version of the schema has all that is written
_ALIGNMENT = 16  # bytes; what LiteRT asks of weights
_FEATURE, _IMAGE = 1, 2  # in the union ContentProperties
_NORMALIZATION = 1  # in the union ProcessUnitOptions
_TENSOR_AXIS_LABELS = 2  # in the enum AssociatedFileType
_COLOR_SPACES = {3: 1, 1: 2}  # RGB and gray, by the number of channels

Field = tuple[Literal["offset", "byte"], int]


@dataclass(frozen=True)
class Description:
    """The metadata of a file; its input is levels of 0 to 255 in so many channels, which the network scales."""

    name: str
    version: str
    text: str
    channels: int
    labels: Sequence[str]


def described(model: bytes, description: Description) -> bytes:
    """A `.tflite` file with the description in place of one that it has, and with the labels packed behind it."""
    unpacked = schema.ModelT.InitFromPackedBuf(model, 0)
    _name_borders(unpacked)
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(_flatbuffer(description), np.uint8)
    entry.name, entry.buffer = _KEY, len(unpacked.buffers)
    unpacked.buffers.append(buffer)
    unpacked.metadata = [*(other for other in unpacked.metadata or () if other.name != _KEY), entry]
    return _with_labels(packed(unpacked), description.labels)


def packed(model: Any) -> bytes:
    """A model of the schema's object interface as bytes, every buffer aligned."""
    builder = _Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


class _Builder(flatbuffers.Builder):  # type: ignore[misc]  # has no types
    def CreateNumpyVector(self, x: Any) -> Any:  # noqa: N802  # overrides
        """A vector whose first value lies at a multiple of the alignment, which the schema asks for buffers."""
        self.Prep(_ALIGNMENT, x.nbytes)
        return super().CreateNumpyVector(x)


def _name_borders(model: Any) -> None:
    graph = model.subgraphs[0]
    for indices, name in ((graph.inputs, INPUT), (graph.outputs, SCORES)):
        graph.tensors[indices[0]].name = name.encode()


def _with_labels(model: bytes, labels: Sequence[str]) -> bytes:
    file = io.BytesIO(model)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_STORED) as archive:  # readers on phones do not decompress
        archive.writestr(zipfile.ZipInfo(LABELS), "".join(f"{label}\n" for label in labels))
    return file.getvalue()


def _flatbuffer(description: Description) -> bytes:
    builder = flatbuffers.Builder()
    graph = _table(builder, {2: _tables(builder, _input(builder, description)), 3: _tables(builder, _output(builder))})
    model = _table(
        builder,
        {
            0: _text(builder, description.name),
            1: _text(builder, description.text),
            2: _text(builder, description.version),
            3: _tables(builder, graph),
            7: _text(builder, _PARSER),
        },
    )
    builder.Finish(model, b"M001")
    return bytes(builder.Output())


def _input(builder: Any, description: Description) -> int:
    """Levels as they are: mean 0 and deviation 1; readers on phones take no values by channel."""
    image = _table(builder, {0: ("byte", _COLOR_SPACES[description.channels])})
    normalization = _table(builder, {0: _floats(builder, 0), 1: _floats(builder, 1)})
    unit = _table(builder, {0: ("byte", _NORMALIZATION), 1: ("offset", normalization)})
    stats = _table(builder, {0: _floats(builder, 255), 1: _floats(builder, 0)})
    return _table(
        builder,
        {
            0: _text(builder, INPUT),
            1: _text(builder, "The resized picture, levels of 0 to 255."),
            3: ("offset", _table(builder, {0: ("byte", _IMAGE), 1: ("offset", image)})),
            4: _tables(builder, unit),
            5: ("offset", stats),
        },
    )


def _output(builder: Any) -> int:
    labels = _table(
        builder,
        {
            0: _text(builder, LABELS),
            1: _text(builder, "The names of the classes, in the order of the scores."),
            2: ("byte", _TENSOR_AXIS_LABELS),
        },
    )
    feature = _table(builder, {})
    return _table(
        builder,
        {
            0: _text(builder, SCORES),
            1: _text(builder, "One score for each class."),
            3: ("offset", _table(builder, {0: ("byte", _FEATURE), 1: ("offset", feature)})),
            6: _tables(builder, labels),
        },
    )


def _table(builder: Any, fields: dict[int, Field]) -> int:
    """A table with these fields, by their numbers in the schema."""
    builder.StartObject(max(fields, default=-1) + 1)
    for number, (kind, value) in fields.items():
        if kind == "offset":
            builder.PrependUOffsetTRelativeSlot(number, value, 0)
        else:
            builder.PrependUint8Slot(number, value, 0)
    return int(builder.EndObject())


def _text(builder: Any, text: str) -> Field:
    return "offset", builder.CreateString(text)


def _tables(builder: Any, *tables: int) -> Field:
    builder.StartVector(4, len(tables), 4)
    for offset in reversed(tables):
        builder.PrependUOffsetTRelative(offset)
    return "offset", builder.EndVector()


def _floats(builder: Any, *values: float) -> Field:
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependFloat32(value)
    return "offset", builder.EndVector()
