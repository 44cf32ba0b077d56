"""Import files of Vertex AI, which name pictures and their labels.

CSV, `[ML_USE,]GCS_FILE_PATH[,LABEL…]`, and JSON Lines, with `imageGcsUri` and `classificationAnnotation` or
`classificationAnnotations`: https://cloud.google.com/vertex-ai/docs/image-data/classification/prepare-data. Where they
have an address a path may stand, which counts from the file's folder.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from evaluation.errors import BadLabels
from evaluation.picture import MOST_PICTURES, LabelledPicture
from storage.location import GS

USES = {
    "train": "training",
    "training": "training",
    "validate": "validation",
    "validation": "validation",
    "test": "test",
    "unassigned": "",
    "": "",
}
"""The values of a use, in any case; the short ones and UNASSIGNED are of AutoML Vision's older files."""
LONGEST_LINE = 1 << 20  # characters
_ML_USE = "aiplatform.googleapis.com/ml_use"


def read(path: Path) -> list[LabelledPicture]:
    """The file's pictures in its order; raises BadLabels, which names the line, and OSError."""
    found: list[LabelledPicture] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = _json_rows(path, file) if _begins_with_brace(file) else _csv_rows(path, file)
            for picture in rows:
                if len(found) == MOST_PICTURES:
                    raise BadLabels(str(path), f"it has more than {MOST_PICTURES:,} pictures. Take a sample of them.")
                found.append(picture)
    except UnicodeDecodeError as error:
        raise BadLabels(
            str(path), "it is not text in UTF-8. Give a folder, or an import file as CSV or JSONL."
        ) from error
    if not found:
        raise BadLabels(str(path), "it names no pictures.")
    return found


def _begins_with_brace(file: TextIO) -> bool:
    head = file.read(1024).lstrip()
    file.seek(0)
    return head.startswith("{")


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise _bad(path, number, f"it has more than {LONGEST_LINE:,} characters")
        yield line


def _csv_rows(path: Path, file: TextIO) -> Iterator[LabelledPicture]:
    rows = csv.reader(_lines(path, file), skipinitialspace=True)
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield _of_cells(path, rows.line_num, cells)
    except csv.Error as error:
        raise _bad(path, rows.line_num, f"it is not CSV: {error}") from error


def _of_cells(path: Path, number: int, cells: list[str]) -> LabelledPicture:
    """A first cell that is a use, or empty, is one; a picture is not called so without a folder or an extension."""
    use = ""
    if cells[0].lower() in USES:
        use, cells = USES[cells[0].lower()], cells[1:]
    if not cells or not cells[0]:
        raise _bad(path, number, "it names no picture; a line is [ML_USE,]PICTURE,LABEL")
    return LabelledPicture(_place(path, cells[0]), _unique(label for label in cells[1:] if label), use)


def _json_rows(path: Path, file: TextIO) -> Iterator[LabelledPicture]:
    for number, line in enumerate(_lines(path, file), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _bad(path, number, "it is not JSON; of JSONL every line is an object") from error
        yield _of_object(path, number, value)


def _of_object(path: Path, number: int, value: Any) -> LabelledPicture:
    try:
        annotations = value.get("classificationAnnotations") or []
        if one := value.get("classificationAnnotation"):
            annotations = [one, *annotations]
        address, labels = value["imageGcsUri"], [annotation["displayName"] for annotation in annotations]
        use = (value.get("dataItemResourceLabels") or {}).get(_ML_USE, "")
        if not all(isinstance(text, str) for text in (address, use, *labels)):
            raise TypeError
    except (AttributeError, KeyError, TypeError) as error:
        form = '{"imageGcsUri": "…", "classificationAnnotation": {"displayName": "…"}}'
        raise _bad(path, number, f"it is not of the form {form}") from error
    if use.lower() not in USES:
        raise _bad(path, number, f"its {_ML_USE} {use!r} is none of training, validation and test")
    return LabelledPicture(_place(path, address), _unique(labels), USES[use.lower()])


def _unique(labels: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(labels))


def _place(path: Path, text: str) -> str:
    return text if text.startswith(GS) else str(path.parent / text)


def _bad(path: Path, number: int, reason: str) -> BadLabels:
    return BadLabels(f"{path}, line {number:,}", f"{reason}.")
