"""Requests for the HTTP function, and mutations that know JSON: of its numbers, its structure, its texts."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient

Request = tuple[str, str | None, bytes]

REQUESTS: list[Request] = [
    ("/", "application/json", b'{"instances": [{"image_bytes": {"b64": "iVBORw0K"}, "key": "1"}]}'),
    ("/", "application/json", b'{"instances": [{"content": "iVBORw0K"}], "parameters": {"maxPredictions": 5}}'),
    ("/", "application/json", b'{"calls": [["gs://b/o.jpg"]], "userDefinedContext": {"top_k": "1"}}'),
    ("/?top_k=2", "text/plain", b'{"gcs_uri": "gs://photos/o.jpg"}'),
    (
        "/",
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nGIF\r\n--x--\r\n',
    ),
    ("/v1/models/default:predict", None, b'{"inputs": {"image_bytes": [{"b64": "iVBORw0K"}], "key": [1e9]}}'),
    ("/v1/models/default:predict", None, b'{"instances": [[[[0, 127.5, 255]]]], "signature_name": "serving_default"}'),
    ("/v1/models/default:classify", None, b'{"examples": [{"x": {"b64": "iVBORw0K"}}], "context": {}}'),
    ("/v1/projects/p/locations/l/endpoints/1:rawPredict", None, b'{"instances": [{"content": "gs://b/o.jpg"}]}'),
    (
        "/v2/models/default/infer",
        None,
        b'{"id": "1", "inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", "data": ["iVBORw0K"]}],'
        b' "outputs": [{"name": "scores", "parameters": {"classification": 2, "binary_data": true}}]}',
    ),
]

SECONDS = 0.5  # of the processor, for a request of no bytes, while atheris watches every branch
SECONDS_A_BYTE = 2e-6

_LONGEST = 1 << 17  # characters that a change makes of one value
_RAW = "\0raw "  # begins a text that stands for characters that json.dumps would not write
_NUMBERS = ("0", "-1", "1e999", "-0.0", "1E-400", "NaN", "9" * 18, "9" * 101, "9" * 4300, "9" * 9000, "0." + "3" * 9000)
_TEXTS = (
    "",
    "\ud800",
    "\0",
    "😀" * 50,
    "gs://",
    "gs://photos/\n",
    "data:;base64,",
    "-_-_",
    "AAA",
    "A" * 5000,
    "1" * 5000,
)


def ask(client: FlaskClient, place: int, data: bytes) -> None:
    """Send a body where that one of REQUESTS goes; raises what is a defect."""
    path, content_type, _ = REQUESTS[place % len(REQUESTS)]
    started = time.thread_time()
    answer = client.post(path, data=data, content_type=content_type)
    taken = time.thread_time() - started
    assert answer.status_code < 500, answer.text
    assert answer.is_json or answer.mimetype == "application/octet-stream"
    assert taken < SECONDS + SECONDS_A_BYTE * len(data), f"{taken} s of the processor for {len(data)} bytes"


def mutate(data: bytes, most: int, seed: int, otherwise: Callable[[bytes, int], bytes]) -> bytes:
    """Another body of at most so many bytes: changed in its meaning, or where it is no JSON in its bytes."""
    chosen = random.Random(seed)
    try:
        document = json.loads(data)
        for _ in range(chosen.randint(1, 3)):
            document = _changed(document, chosen)
        text = json.dumps(document, ensure_ascii=chosen.random() < 0.5)
    except (ValueError, RecursionError):
        return otherwise(data, most)
    changed = _written_raw(text).encode(errors="surrogatepass")
    return changed if len(changed) <= most else otherwise(data, most)


def _changed(value: Any, chosen: random.Random) -> Any:
    """The value with one part of it changed, which may be all of it."""
    if isinstance(value, dict) and value and chosen.random() < 0.8:
        name = chosen.choice(list(value))
        return value | {name: _changed(value[name], chosen)}
    if isinstance(value, list) and value and chosen.random() < 0.8:
        place = chosen.randrange(len(value))
        return [*value[:place], _changed(value[place], chosen), *value[place + 1 :]]
    return chosen.choice(_CHANGES)(value, chosen)


def _number(value: Any, chosen: random.Random) -> Any:
    return f"{_RAW}{chosen.choice(_NUMBERS)}"


def _numbers(value: Any, chosen: random.Random) -> Any:
    return [f"{_RAW}{chosen.choice(_NUMBERS)}"] * chosen.choice((1, 9, 99))


def _text(value: Any, chosen: random.Random) -> Any:
    return chosen.choice(_TEXTS)


def _more_text(value: Any, chosen: random.Random) -> Any:
    return value + chosen.choice(_TEXTS) if isinstance(value, str) else value


def _many(value: Any, chosen: random.Random) -> Any:
    return (value if isinstance(value, list) else [value]) * _times(value, chosen)


def _times(value: Any, chosen: random.Random) -> int:
    """How often something is repeated, so that it becomes no longer than anything is."""
    return min(chosen.choice((0, 2, 50, 5000)), _LONGEST // len(json.dumps(value)))


def _deep(value: Any, chosen: random.Random) -> Any:
    for _ in range(chosen.choice((1, 3, 90, 110, 400))):
        value = [value] if chosen.random() < 0.5 else {"a": value}
    return value


def _other_kind(value: Any, chosen: random.Random) -> Any:
    return chosen.choice((None, True, [], {}, [[]], {"b64": value}, {"b64": [value]}, [[0.5, 1]]))


def _less(value: Any, chosen: random.Random) -> Any:
    return (
        dict(list(value.items())[1:]) if isinstance(value, dict) else value[:-1] if isinstance(value, list) else value
    )


def _more_names(value: Any, chosen: random.Random) -> Any:
    return (value if isinstance(value, dict) else {}) | {f"x{number}": value for number in range(_times(value, chosen))}


_CHANGES = (_number, _numbers, _text, _more_text, _many, _deep, _other_kind, _less, _more_names)


def _written_raw(text: str) -> str:
    """JSON in which the texts that stand for other characters are these characters."""
    before, *others = text.split(json.dumps(_RAW)[:-1])
    return before + "".join(part.replace('"', "", 1) for part in others)
