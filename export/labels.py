"""The names of the classes, in the order of the scores."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from export.errors import WrongLabels

FOLDERS = ("assets", "assets.extra", ".", "..")
"""Where a labels file may lie, seen from the SavedModel's folder: assets, then beside and one level above the graph."""

NAMES = ("labels.txt", "dict.txt", "class_names.json", "labels.json")

_INDEXED_LINE = re.compile(r"(\d+)[ \t,]\s*(\S.*)")


@dataclass(frozen=True)
class Labels:
    """The names, and where they were found; `source` is empty where nobody named the classes."""

    names: tuple[str, ...]
    source: str


def read(path: Path, classes: int) -> Labels:
    """The labels in a file; WrongLabels unless there are `classes` different names.

    The file holds one name a line, or `index name`, `index,name` or `index<TAB>name` lines, or JSON: a list of names,
    or an object from name to index or from index to name. Indices count from 0.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongLabels(f"{path}: the labels cannot be read: {error}.") from error
    names = _from_json(path, text) if text.lstrip().startswith(("[", "{")) else _from_lines(text)
    return check(names, classes, str(path))


def beside(folder: Path, classes: int) -> Labels | None:
    """The labels in the first file of a usual name that fits the model in `folder`; None without one."""
    for place in FOLDERS:
        for name in NAMES:
            path = folder / place / name
            if path.is_file():
                try:
                    return read(path, classes)
                except WrongLabels:
                    continue  # it belongs to something else
    return None


def check(names: list[str], classes: int, source: str) -> Labels:
    """The names as labels; WrongLabels when their number is wrong, or a name is empty or stands twice."""
    if len(names) != classes:
        raise WrongLabels(f"{source} gives {len(names)} labels, but the model gives {classes} scores.")
    if "" in names:
        raise WrongLabels(f"{source} gives no name for class {names.index('')}.")
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise WrongLabels(f"{source} gives the label {name!r} {count} times.")
    return Labels(tuple(names), source)


def placeholders(classes: int) -> Labels:
    """`class_0`, `class_1`, … for a model that nobody named the classes of."""
    return Labels(tuple(f"class_{index}" for index in range(classes)), "")


def _from_lines(text: str) -> list[str]:
    lines = [line.strip() for line in text.rstrip().splitlines()]
    indexed = [match.groups() for match in map(_INDEXED_LINE.fullmatch, lines) if match]
    names = {int(index): name for index, name in indexed}
    if len(indexed) == len(lines) and sorted(names) == list(range(len(lines))):
        return [names[index] for index in range(len(lines))]
    return lines


def _from_json(path: Path, text: str) -> list[str]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise WrongLabels(f"{path}: the labels are not valid JSON: {error}.") from error
    if isinstance(document, list):
        return [str(name) for name in document]
    is_by_index = all(key.isdecimal() for key in document)
    names = {key if is_by_index else str(value): str(value) if is_by_index else key for key, value in document.items()}
    if sorted(names) != sorted(str(index) for index in range(len(document))):
        raise WrongLabels(f"{path}: the indices of the labels are not 0 to {len(document) - 1}, each once.")
    return [names[str(index)] for index in range(len(names))]
