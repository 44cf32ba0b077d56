"""The forms in which files give the names of classes: lines, tables, JSON and label maps."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

from export.errors import WrongLabels

MOST_CHARACTERS = 1 << 24
"""Far above what the names of all classes take."""

_LONGEST_INDEX = 9  # digits
_MOST_SHOWN = 100  # characters of what stands in place of a label
_NUMBERED = re.compile(r"(\d+)\s*([ \t,:])\s*(\S.*)")
_LABEL_MAP = re.compile(r"(\s*#.*\n)*\s*item\s*:?\s*\{")


def read(path: Path) -> list[str]:
    """The names in the order of their indices, as the file has them; WrongLabels when it has no such order.

    The file holds one name a line; or `index name`, `index,name` or `index<TAB>name` lines; or a table of two columns,
    with or without a header; or JSON: a list of names, or an object from name to index or from index to name; or a
    label map of `item { id: 1 name: "cat" }`. Indices count from 0, in a label map from 0 or 1.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(MOST_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise WrongLabels(f"{path}: the labels cannot be read: {error}.") from error
    if len(text) > MOST_CHARACTERS:
        raise WrongLabels(f"{path}: this is no file of labels, it has more than {MOST_CHARACTERS:,} characters.")
    if text.lstrip().startswith(("[", "{")):
        return _from_json(path, text)
    return _from_label_map(path, text) if _LABEL_MAP.match(text) else _from_lines(path, text)


def _in_order(pairs: Iterable[tuple[str, str]]) -> list[str] | None:
    """The names of (index, name) pairs; None unless the indices are 0, 1, …, each once."""
    pairs = list(pairs)
    names = {int(index): name for index, name in pairs if index.isdecimal() and len(index) <= _LONGEST_INDEX}
    return [names[index] for index in range(len(pairs))] if names.keys() == set(range(len(pairs))) else None


def _from_lines(path: Path, text: str) -> list[str]:
    lines = [line.strip() for line in text.rstrip().splitlines()]
    if table := _from_table(lines):
        return table
    matches = [match for match in map(_NUMBERED.fullmatch, lines) if match]
    if len(matches) < len(lines):
        return lines
    names = _in_order((match[1], match[3]) for match in matches)
    if names is None and all(match[2] in ",\t" for match in matches):
        raise _wrong_indices(path, len(lines))
    return names or lines  # lines that begin with other numbers are names as they stand: "1 cent", "2 cents"


def _from_table(lines: list[str]) -> list[str] | None:
    """The names of a table whose other column has the indices; None when the lines are no such table."""
    delimiter = "\t" if "\t" in "".join(lines[:1]) else ","
    try:
        rows = [[cell.strip() for row in csv.reader([line], delimiter=delimiter) for cell in row] for line in lines]
    except csv.Error:  # a cell of 131,072 characters, say
        return None
    if len(rows) < 2 or any(len(row) != 2 for row in rows):
        return None
    tries = [(body, column) for body in (rows, rows[1:]) for column in (0, 1)]  # the first row may be a header
    found = (_in_order((row[column], row[1 - column]) for row in body) for body, column in tries)
    return next((names for names in found if names), None)


def _from_json(path: Path, text: str) -> list[str]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WrongLabels(f"{path}: the labels are not valid JSON: {error}.") from error
    if isinstance(document, list):
        return [_name(path, item) for item in document]
    if any(isinstance(value, str | list) for value in document.values()):
        names = _in_order((key, _name(path, value)) for key, value in document.items())
    else:
        names = _in_order((str(value), key) for key, value in document.items())
    if not names:
        raise _wrong_indices(path, len(document))
    return names


def _name(path: Path, item: Any) -> str:
    """A name in JSON; of the lists in Keras's imagenet_class_index.json, ["n02123045", "tabby"], the last."""
    if isinstance(item, list) and item:
        item = item[-1]
    if not isinstance(item, str | int):
        raise WrongLabels(f"{path}: {json.dumps(item)[:_MOST_SHOWN]} stands where a label should be.")
    return str(item)


def _from_label_map(path: Path, text: str) -> list[str]:
    label_map = _label_map_class()()
    try:
        text_format.Parse(text, label_map, allow_unknown_field=True)
    except (text_format.ParseError, RecursionError) as error:
        raise WrongLabels(f"{path}: the label map cannot be read: {error}.") from error
    first = min(item.id for item in label_map.item)
    names = _in_order((str(item.id - min(first, 1)), item.display_name or item.name) for item in label_map.item)
    if not names:
        raise _wrong_indices(path, len(label_map.item))
    return names


def _label_map_class() -> Any:
    """The part that matters of StringIntLabelMap in TensorFlow's object_detection/protos."""
    fields = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="label_map.proto", syntax="proto2")
    item = file.message_type.add(name="Item")
    for number, (name, kind) in enumerate(
        (("name", fields.TYPE_STRING), ("id", fields.TYPE_INT32), ("display_name", fields.TYPE_STRING)), start=1
    ):
        item.field.add(name=name, number=number, type=kind, label=fields.LABEL_OPTIONAL)
    file.message_type.add(name="LabelMap").field.add(
        name="item", number=1, type=fields.TYPE_MESSAGE, type_name="Item", label=fields.LABEL_REPEATED
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("LabelMap"))


def _wrong_indices(path: Path, count: int) -> WrongLabels:
    return WrongLabels(f"{path}: the indices of the labels are not 0 to {count - 1}, each once.")
