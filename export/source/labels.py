"""The names of the classes, in the order of the scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from export.errors import WrongLabels
from export.source import label_file

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


@dataclass(frozen=True)
class EmbeddedLabels:
    """The names that a model's own file holds, the same name twice included, and where in it they stand."""

    names: tuple[str, ...]
    source: str


def read(path: Path, classes: int) -> Labels:
    """The labels in a file; WrongLabels unless there are `classes` names."""
    return check(label_file.read(path), classes, str(path))


def find(folders: Iterable[Path], embedded: EmbeddedLabels | None, classes: int) -> Labels:
    """The labels in the first fitting file of a usual name in `folders`, else in the model's own file, else made up.

    Files before it that do not fit are noted. WrongLabels when there are some, and none fits, or when the number is
    right, but a name is empty.
    """
    unfit: list[str] = []
    for path in (folder / name for folder in folders for name in FILES):
        if path.is_file() and (names := _fitting(path, classes, unfit)):
            return _with_notes(check(names, classes, str(path)), unfit)
    if embedded:
        if len(embedded.names) == classes:
            return _with_notes(check(list(embedded.names), classes, embedded.source), unfit)
        unfit.append(_wrong_number(embedded.source, len(embedded.names), classes))
    if unfit:
        raise WrongLabels(f"{' '.join(unfit)} Give those of this model with --labels, or take the wrong ones away.")
    return Labels(_placeholders(classes), "")


def check(names: list[str], classes: int, source: str) -> Labels:
    """The names as labels, told apart by number where one stands twice, as in ImageNet's.

    WrongLabels when their number is wrong, or a name is empty.
    """
    if len(names) != classes:
        raise WrongLabels(_wrong_number(source, len(names), classes))
    if "" in names:
        raise WrongLabels(f"{source} gives no name for class {names.index('')}.")
    if not (twice := _twice(names)):
        return Labels(tuple(names), source)
    note = f"{source} gives several classes the same name, told apart by number: {', '.join(twice)}."
    return Labels(_told_apart(names), source, (note,))


def _told_apart(names: list[str]) -> tuple[str, ...]:
    """The names, each that stands twice with the class's number, until none does: `a (0)` may be a name already."""
    while twice := _twice(names):
        names = [f"{name} ({index})" if name in twice else name for index, name in enumerate(names)]
    return tuple(names)


def _twice(names: list[str]) -> dict[str, int]:
    return {name: count for name, count in Counter(names).items() if count > 1}


def _fitting(path: Path, classes: int, unfit: list[str]) -> list[str] | None:
    """The names in a file if they are as many as the classes; else None, and why they are not."""
    try:
        names = label_file.read(path)
    except WrongLabels as error:
        unfit.append(str(error))
        return None
    if len(names) == classes:
        return names
    unfit.append(_wrong_number(path, len(names), classes))
    return None


def _wrong_number(source: object, labels: int, classes: int) -> str:
    hint = " One of the two counts a background class." if {labels, classes} == {1000, 1001} else ""
    return f"{source} gives {labels} labels, but the model gives {classes} scores.{hint}"


def _with_notes(found: Labels, unfit: Iterable[str]) -> Labels:
    return replace(found, notes=(*(f"not used: {reason}" for reason in unfit), *found.notes))


def _placeholders(classes: int) -> tuple[str, ...]:
    """`class_0`, `class_1`, … for a model that nobody named the classes of."""
    return tuple(f"class_{index}" for index in range(classes))
