"""A file or folder with expected answers, whatever wrote it: recognised by its content."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from evaluation.expected import documents, table
from evaluation.expected.answers import BadAnswers, ExpectedAnswer, ExpectedAnswers
from evaluation.expected.documents import Found

MAX_BYTES = 1 << 28
"""Of a file that is read; answers of a million pictures with five labels each."""
MOST_FILES = 100_000
"""In a folder of results."""
_UNNAMED = (
    "its answers do not say which pictures they are for. Give a JSON object by the name of the picture, "
    '{"cat.jpg": …}, a table with a column `file`, or answers with a `key`.'
)
_NOTHING = (
    "no answers were found in it. Batch predictions of Vertex AI, answers of an endpoint by the name of the picture, "
    "results of this software and tables (file,label,score, or a column a label) are understood."
)


def read(path: Path) -> ExpectedAnswers:
    """The answers in a file, or in all files of a folder; raises BadAnswers, which says what is wrong."""
    try:
        found = [one for file in _files(path) for one in _read(file)]
    except OSError as error:
        raise BadAnswers(str(path), f"it cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadAnswers(str(path), "it is not text in UTF-8.") from error
    except csv.Error as error:
        raise BadAnswers(str(path), f"it is not CSV: {error}.") from error
    answers = tuple(one for _, one in found if isinstance(one, ExpectedAnswer) and one.scores)
    if not answers:
        raise BadAnswers(str(path), _NOTHING)
    kinds = dict.fromkeys(kind for kind, one in found if isinstance(one, ExpectedAnswer))
    return ExpectedAnswers(" and ".join(kinds), answers, tuple(one for _, one in found if isinstance(one, str)))


def _files(path: Path) -> Iterator[Path]:
    """The file itself; of a folder those with answers, and those in which Vertex AI says what failed."""
    if not path.is_dir():
        yield path
        return
    names = sorted(file for file in path.rglob("*") if _may_hold_answers(file))
    if len(names) > MOST_FILES:
        raise BadAnswers(str(path), f"it has more than {MOST_FILES:,} files.")
    yield from names


def _may_hold_answers(file: Path) -> bool:
    """Vertex AI calls them `prediction.results-00000-of-00002` or `predictions_00001.jsonl`, and `errors_…`."""
    is_vertex = file.name.startswith(("prediction", "errors"))
    return (
        file.is_file() and not file.name.startswith(".") and (is_vertex or file.suffix in (".json", ".jsonl", ".csv"))
    )


def _read(path: Path) -> Iterator[Found]:
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise BadAnswers(str(path), f"it has {size:,} bytes; at most {MAX_BYTES:,} are read.")
    with path.open(encoding="utf-8-sig", newline="") as file:
        start = file.read(1024).lstrip()
        file.seek(0)
        if not start.startswith(("{", "[")):
            yield from ((table.KIND, answer) for answer in table.read(file))
            return
        lines = file.read().splitlines()
    for document in _documents(path, lines):
        found = list(documents.read(document))
        if not found and _is_unnamed(document):
            raise BadAnswers(str(path), _UNNAMED)
        yield from found


def _documents(path: Path, lines: list[str]) -> Iterable[Any]:
    """Every line's document where each line is one, else that of the whole file."""
    written = [line for line in lines if line.strip()]
    if len(written) > 1:
        try:
            first = _parse(written[0])
        except ValueError:
            first = None
        if isinstance(first, dict):
            return (_line(path, number, line) for number, line in enumerate(lines, 1) if line.strip())
    try:
        return [_parse("\n".join(lines))]
    except (ValueError, RecursionError) as error:
        raise BadAnswers(str(path), f"it is not JSON: {error}.") from error


def _line(path: Path, number: int, line: str) -> Any:
    try:
        return _parse(line)
    except (ValueError, RecursionError) as error:
        raise BadAnswers(f"{path}, line {number:,}", f"it is not JSON: {error}.") from error


def _parse(text: str) -> Any:
    """JSON whose numbers keep their decimals."""
    return json.loads(text, parse_float=Decimal)


def _is_unnamed(document: Any) -> bool:
    return isinstance(document, dict) and documents.UNNAMED in document
