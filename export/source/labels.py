"""The names of the classes, in the order of the scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from export.errors import WrongLabels
from export.source import label_file
from export.source.tflite_metadata import TfliteMetadata

FILES = (
    "labels.txt",
    "dict.txt",
    "class_names.json",
    "label_map.pbtxt",
    "labels.json",
    "labels.csv",
    "class_names.txt",
    "class_indices.json",
    "classes.txt",
    "labelmap.txt",
)
"""The names of files that are taken for labels where they lie with a model."""


@dataclass(frozen=True)
class Labels:
    """The names, and where they were found; `source` is empty where nobody named the classes.

    notes: sentences about what was found and not used, or changed.
    """

    names: tuple[str, ...]
    source: str
    notes: tuple[str, ...] = ()


def read(path: Path, classes: int) -> Labels:
    """The labels in a file; WrongLabels unless there are `classes` different names."""
    return check(label_file.read(path), classes, str(path))


def find(folders: Iterable[Path], metadata: TfliteMetadata | None, classes: int) -> Labels:
    """The labels in the first fitting file of a usual name in `folders`, else in TFLite metadata, else made up.

    A file with another number of names belongs to something else: a note says that it was not used. WrongLabels when
    the number is right, but a name is empty or stands twice in the file.
    """
    notes: list[str] = []
    for path in (folder / name for folder in folders for name in FILES):
        if path.is_file() and (names := _fitting(path, classes, notes)):
            return replace(check(names, classes, str(path)), notes=tuple(notes))
    if metadata and metadata.labels is not None:
        if len(metadata.labels) == classes:
            return _from_metadata(metadata, metadata.labels, notes)
        notes.append(_unused(f"{metadata.labels_file} in the model's file", metadata.labels, classes))
    return Labels(_placeholders(classes), "", tuple(notes))


def check(names: list[str], classes: int, source: str) -> Labels:
    """The names as labels; WrongLabels when their number is wrong, or a name is empty or stands twice."""
    if len(names) != classes:
        hint = " One of the two counts a background class." if {len(names), classes} == {1000, 1001} else ""
        raise WrongLabels(f"{source} gives {len(names)} labels, but the model gives {classes} scores.{hint}")
    if "" in names:
        raise WrongLabels(f"{source} gives no name for class {names.index('')}.")
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise WrongLabels(f"{source} gives the label {name!r} {count} times.")
    return Labels(tuple(names), source)


def _fitting(path: Path, classes: int, notes: list[str]) -> list[str] | None:
    """The names in a file if they are as many as the classes; else None, and a note."""
    try:
        names = label_file.read(path)
    except WrongLabels as error:
        notes.append(f"not used: {error}")
        return None
    if len(names) == classes:
        return names
    notes.append(_unused(path, names, classes))
    return None


def _unused(source: object, names: Iterable[str], classes: int) -> str:
    return f"not used: {source} gives {len(list(names))} labels, but the model gives {classes} scores."


def _from_metadata(metadata: TfliteMetadata, names: tuple[str, ...], notes: list[str]) -> Labels:
    """The labels inside the file, where a name that stands twice, as in ImageNet's, gets the class's number."""
    source = f"{metadata.labels_file} in the model's file"
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    distinct = [f"{name} ({index})" if name in twice else name for index, name in enumerate(names)]
    if twice:
        notes.append(f"{source} gives several classes the same name, told apart by number: {', '.join(twice)}.")
    return replace(check(distinct, len(names), source), notes=tuple(notes))


def _placeholders(classes: int) -> tuple[str, ...]:
    """`class_0`, `class_1`, … for a model that nobody named the classes of."""
    return tuple(f"class_{index}" for index in range(classes))
