"""A copy of a model file with a decision in its document; the network's bytes stay as they are.

It needs no `onnx`: of the ModelProto only the fields are told apart, and `metadata_props` (14) with our key is another
in the copy. https://protobuf.dev/programming-guides/encoding/ and https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from evaluation.errors import EvaluationError
from predictor import Decision
from predictor.metadata import FORMAT, KEY

_METADATA = 14  # the number of `metadata_props` in ModelProto
_KEY, _VALUE = 1, 2  # in StringStringEntryProto
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5  # wire types
_CHUNK = 1 << 20


def write(model: Path, copy: Path, decision: Decision) -> None:
    """Write the copy, whole or not at all; raises EvaluationError where the places do not fit, and OSError."""
    if not copy.parent.is_dir():
        raise EvaluationError(f"{copy.parent}: there is no such folder to write to.")
    if copy.exists() and copy.samefile(model):
        raise EvaluationError(f"{copy}: this is the model itself. Give the copy another name with -o.")
    temporary = copy.with_name(f".{copy.name}.{os.getpid()}")
    try:
        with model.open("rb") as source, temporary.open("wb") as target:
            document = copy_without_document(source, target)
            target.write(entry(document | {"format": FORMAT, "decision": asdict(decision)}))
        os.replace(temporary, copy)
    finally:
        temporary.unlink(missing_ok=True)


def copy_without_document(source: BinaryIO, target: BinaryIO) -> dict[str, object]:
    """Copy all but the document, which is returned as it stands there, with fields that are not known here too."""
    found: dict[str, object] = {}
    for number, start, body, end in _fields(source):
        if number == _METADATA:
            entry = _strings(source, body, end)
            if entry.get(_KEY) == KEY.encode():
                found = json.loads(entry[_VALUE])
                continue
        source.seek(start)
        while source.tell() < end:
            target.write(source.read(min(_CHUNK, end - source.tell())))
    return found


def _strings(source: BinaryIO, start: int, end: int) -> dict[int, bytes]:
    """The fields of a message of texts, by their numbers."""
    found: dict[int, bytes] = {}
    source.seek(start)
    for number, _, body, stop in _fields(source, end):
        source.seek(body)
        found[number] = source.read(stop - body)
    return found


def _fields(source: BinaryIO, end: int | None = None) -> Iterator[tuple[int, int, int, int]]:
    """Of each field its number, where it begins, where its value begins, and where it ends."""
    position = source.tell()
    end = os.fstat(source.fileno()).st_size if end is None else end
    while position < end:
        source.seek(position)
        tag = _varint(source)
        kind, body = tag & 7, source.tell()
        if kind == _LENGTH:
            length = _varint(source)
            body = source.tell()
            stop = body + length
        elif kind == _VARINT:
            _varint(source)
            stop = source.tell()
        else:
            stop = body + {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}[kind]
        yield tag >> 3, position, body, stop
        position = stop


def _varint(source: BinaryIO) -> int:
    value, shift = 0, 0
    while True:
        byte = source.read(1)[0]
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value


def entry(document: dict[str, object]) -> bytes:
    """A document as the field of the file that holds it."""
    value = json.dumps(document, ensure_ascii=False).encode()
    return _field(_METADATA, _field(_KEY, KEY.encode()) + _field(_VALUE, value))


def _field(number: int, value: bytes) -> bytes:
    return _as_varint(number << 3 | _LENGTH) + _as_varint(len(value)) + value


def _as_varint(value: int) -> bytes:
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
