"""CSV with answers: a line for each label of a picture, or a column for each label."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TextIO

from evaluation.expected import scores
from evaluation.expected.answers import Class, ExpectedAnswer

_PICTURES = ("file", "filename", "image", "picture", "path", "uri", "name", "key", "id", "")
_LABELS = ("label", "class", "prediction", "displayname", "category")
_SCORES = ("score", "confidence", "probability", "prob")
_DELIMITERS = ",;\t|"

KIND = "a table"


def read(file: TextIO) -> list[ExpectedAnswer]:
    """The answers of a table, in its order; none where it is not understood. Raises csv.Error."""
    first = file.readline()
    file.seek(0)
    delimiter = max(_DELIMITERS, key=first.count)
    rows = [[cell.strip() for cell in row] for row in csv.reader(file, delimiter=delimiter) if any(row)]
    if not rows:
        return []
    heading = [cell.lower().replace("_", "").replace(" ", "") for cell in rows[0]]
    label, score = _place(heading, _LABELS), _place(heading, _SCORES)
    if label is not None and score is not None:
        picture = _place(heading, _PICTURES)
        return list(_long(rows[1:], 0 if picture is None else picture, label, score))
    if _is_long(rows):
        return list(_long(rows, 0, 1, 2))
    return list(_wide(rows))


def _place(heading: Sequence[str], names: Sequence[str]) -> int | None:
    return next((place for place, cell in enumerate(heading) if cell in names), None)


def _is_long(rows: Sequence[Sequence[str]]) -> bool:
    """Whether lines without a heading are picture, label and score, rather than the scores of two classes."""
    if any(len(row) != 3 or scores.number(row[2]) is None for row in rows):
        return False
    names = [row[1] for row in rows]
    are_words = all(scores.number(name) is None for name in names)
    return are_words or (all(map(str.isdecimal, names)) and not all(row[2].isdecimal() for row in rows))


def _long(rows: Sequence[Sequence[str]], picture: int, label: int, score: int) -> Iterator[ExpectedAnswer]:
    """A line for each label of a picture; lines of one picture may stand anywhere."""
    found: dict[str, dict[Class, Decimal]] = {}
    for row in rows:
        if len(row) > max(picture, label, score) and (number := scores.number(row[score])) is not None:
            found.setdefault(row[picture], {})[row[label]] = number
    for name, answer in found.items():
        yield ExpectedAnswer(name, answer)


def _wide(rows: Sequence[Sequence[str]]) -> Iterator[ExpectedAnswer]:
    """A column for each label, with their names in the heading, or in the order of the classes without one."""
    has_heading = len(rows) > 1 and all(scores.number(cell) is None for cell in rows[0][1:])
    labels: Sequence[Class] = rows[0][1:] if has_heading else range(len(rows[0]) - 1)
    for row in rows[has_heading:]:
        cells = [(label, scores.number(cell)) for label, cell in zip(labels, row[1:]) if cell]
        if cells and all(number is not None for _, number in cells):
            yield ExpectedAnswer(row[0], {label: number for label, number in cells if number is not None})
