"""What the function takes for requests that are made to do harm, beside ordinary ones of as many bytes."""

from __future__ import annotations

import base64
import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from benchmarks import pictures
from benchmarks.models import DIGIT_NETWORK
from benchmarks.rounds import MILLISECONDS, OURS, Comparison, alternate

ROUNDS = 5
HEADING = "Parsing"
ORDINARY = "an ordinary request of as many bytes"
MEGABYTE = 1 << 20
SIZES = (1, 16)  # megabytes
PREDICT = "/v1/models/default:predict"
INFER = "/v2/models/default/infer"
FORM = "multipart/form-data; boundary=x"
DISPOSITION = b'Content-Disposition: form-data; name="a"; filename="b"'


@dataclass(frozen=True)
class Request:
    """A body, and where it goes."""

    path: str
    body: bytes
    content_type: str = "application/json"


def _json(path: str, before: bytes, repeated: bytes, after: bytes, size: int) -> Request:
    return Request(path, before + repeated * ((size - len(before) - len(after)) // len(repeated)) + after)


def _part(headers: bytes, data: bytes) -> Request:
    return Request("/", b"--x\r\n" + headers + b"\r\n\r\n" + data + b"\r\n--x--\r\n", FORM)


HOSTILE: dict[str, Callable[[int], Request]] = {
    "a shape of long integers": lambda size: _json(
        INFER, b'{"inputs": [{"name": "image", "shape": [', b"7" * 4300 + b",", b"1]}]}", size
    ),
    "one integer": lambda size: _json(PREDICT, b'{"instances": [', b"7", b"]}", size),
    "one fraction": lambda size: _json(PREDICT, b'{"instances": [0.', b"7", b"]}", size),
    "lists in lists": lambda size: _json(PREDICT, b'{"instances": ', b"[", b"]}", size),
    "empty lists": lambda size: _json(PREDICT, b'{"instances": [', b"[],", b"1]}", size),
    "numbers": lambda size: _json(PREDICT, b'{"instances": [[', b"0.5, ", b"1]]}", size),
    "escapes": lambda size: _json(PREDICT, b'{"instances": [{"b64": "', rb"\u00fc", b'"}]}', size),
    "an emoji": lambda size: _json(PREDICT, b'{"instances": [{"b64": "', b"A", '"}], "x": "😀"}'.encode(), size),
    "no base64": lambda size: _json(PREDICT, b'{"instances": [{"b64": "', b"-_= ", b'"}]}', size),
    "headers of a part": lambda size: _part(DISPOSITION + b"\r\na:b" * (size // 5), b""),
    "parameters of a part": lambda size: _part(DISPOSITION + b";a=b" * (size // 4), b""),
    "boundaries that are none": lambda size: _part(DISPOSITION, b"\r\n--xy" * (size // 6)),
    "line breaks in a file": lambda size: _part(DISPOSITION, b"\r\n" * (size // 2)),
}


def measure(rounds: int | None = None) -> Iterator[Comparison]:
    """Milliseconds of the processor, for the function without its server."""
    ask = _function()
    for size in SIZES:
        for name, make in HOSTILE.items():
            hostile = make(size * MEGABYTE)
            asked = {OURS: hostile, ORDINARY: _ordinary(hostile)}
            calls = {contestant: partial(_processor, partial(ask, request)) for contestant, request in asked.items()}
            alternate(calls, 1)
            yield Comparison(HEADING, f"{name}, {size} MB", "ms", alternate(calls, rounds or ROUNDS))


def _ordinary(hostile: Request) -> Request:
    """The same kind of request with a photograph of about as many bytes."""
    packed = hostile.content_type == FORM
    photograph = _photograph(len(hostile.body) if packed else len(hostile.body) * 3 // 4)
    if packed:
        return _part(DISPOSITION, photograph)
    encoded = base64.b64encode(photograph)
    if hostile.path == INFER:
        return Request(
            INFER, b'{"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": ["%s"]}]}' % encoded
        )
    return Request(PREDICT, b'{"instances": [{"b64": "%s"}]}' % encoded)


def _photograph(size: int) -> bytes:
    """A JPEG of about so many bytes."""
    height = round((size / 0.34 * 3 / 4) ** 0.5)
    return pictures.jpeg(round(height * 4 / 3), height)


def _function() -> Callable[[Request], None]:
    from functions_framework import create_app

    os.environ["MODEL"] = str(DIGIT_NETWORK.exported)
    client = create_app("classify", "main.py").test_client()
    logging.disable(logging.CRITICAL)

    def ask(request: Request) -> None:
        answer = client.post(request.path, data=request.body, content_type=request.content_type)
        assert answer.status_code < 500, answer.text

    return ask


def _processor(call: Callable[[], None]) -> float:
    started = time.process_time()
    call()
    return (time.process_time() - started) * MILLISECONDS
