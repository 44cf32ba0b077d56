"""The names of the classes, in the order of the scores."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from export.errors import WrongLabels


def read(path: Path, classes: int) -> tuple[str, ...]:
    """The labels in a text file, one a line; WrongLabels unless there are `classes` different names."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongLabels(f"{path}: the labels cannot be read: {error}.") from error
    while lines and not lines[-1].strip():
        lines.pop()
    return check([line.strip() for line in lines], classes, str(path))


def check(labels: list[str], classes: int, where: str) -> tuple[str, ...]:
    """The same labels; WrongLabels when their number is wrong, or a name is empty or stands twice."""
    if len(labels) != classes:
        raise WrongLabels(f"{where} gives {len(labels)} labels, but the model gives {classes} scores.")
    if "" in labels:
        raise WrongLabels(f"{where} gives no name for class {labels.index('')}.")
    label, count = Counter(labels).most_common(1)[0]
    if count > 1:
        raise WrongLabels(f"{where} gives the label {label!r} {count} times.")
    return tuple(labels)


def placeholders(classes: int) -> tuple[str, ...]:
    """`class_0`, `class_1`, … for a model that nobody named the classes of."""
    return tuple(f"class_{index}" for index in range(classes))
