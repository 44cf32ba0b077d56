"""The JSON document that a request is: bounded before it is read, so that reading takes what its bytes are worth."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Iterable
from typing import Any

from results.errors import RequestError

VALUES_AN_INSTANCE = 32  # that a document may hold, and the same once more
LONGEST_NUMBER = 100  # characters: for an integer Python takes time in proportion to their square
DEEPEST = 100  # lists and objects within each other
LARGE = 1 << 20  # bytes, from which on a document may hold but few characters beyond ASCII
MOST_BEYOND_ASCII = 1 << 16  # bytes of them

SEND_FILES = "Send image files, not tensors of numbers."

_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\{")  # perhaps with UTF-8's mark before it
_ASCII = bytes(range(128))
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
# A list of numbers within a list or a field, but for `instances`, whose elements would be numbers and no tensors.
_TENSOR = re.compile(rb'(?:\[|(?<!"instances"):)\s*\[\s*-?[0-9]')
_TENSOR_BEGINS = 1 << 16  # bytes in which to look for it


def parse(body: bytes, max_instances: int) -> dict[str, Any]:
    """The JSON object that a body is; RequestError 400 when it is none, 413 when it holds too many values.

    A list in memory takes many times the three bytes that it takes in a body, so they are counted first. Base64 has
    none of the counted characters.
    """
    most = VALUES_AN_INSTANCE * (max_instances + 1)
    if sum(body.count(sign) for sign in (b",", b"[", b"{")) > most:
        if _TENSOR.search(body, 0, _TENSOR_BEGINS):
            raise RequestError(400, SEND_FILES)
        raise RequestError(413, f"The JSON body holds too many values; about {most:,} are accepted.")
    try:
        found = json.loads(_narrow(body), parse_constant=_refuse, parse_float=_finite, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise RequestError(400, f"The body is not valid JSON: {error}.") from error
    if _is_deep([found]):
        raise RequestError(400, f"The JSON body is nested too deeply; at most {DEEPEST} levels are accepted.")
    if not isinstance(found, dict):
        raise RequestError(400, "The body is not a JSON object.")
    return found


def begins(body: bytes) -> bool:
    """Whether a body begins as a JSON object does, and no picture."""
    return _BEGINNING.match(body) is not None


def wrong_form(place: str, form: str, value: object) -> RequestError:
    """The sentence for a value that is not of the form; who sends numbers hears what to send."""
    hint = f" {SEND_FILES}" if is_tensor(value) else ""
    return RequestError(400, f"{place} is not of the form {form}.{hint}")


def is_tensor(value: object) -> bool:
    """Whether a value is a list of numbers, or of lists that begin so, or an object that holds one."""
    lists: Iterable[object] = value.values() if isinstance(value, dict) else [value]
    return any(isinstance(each, list) and _begins_with_number(each) for each in lists)


def _begins_with_number(value: object) -> bool:
    while isinstance(value, list) and value:
        value = value[0]
    return isinstance(value, int | float) and not isinstance(value, bool)


def _narrow(body: bytes) -> str | bytes:
    """The same document, in ASCII if it is large: for one emoji Python holds every character in four bytes."""
    if len(body) < LARGE or body.isascii():
        return body
    body = body.removeprefix(codecs.BOM_UTF8)
    if len(body.translate(None, _ASCII)) > MOST_BEYOND_ASCII:
        raise RequestError(
            413,
            f"The JSON body has too many characters beyond ASCII; {MOST_BEYOND_ASCII:,} bytes of them are accepted.",
        )
    return body.decode("ascii", _escape.__name__)


def _escape(error: UnicodeError) -> tuple[str, int]:
    """JSON's escapes for what ASCII cannot decode, and where to go on."""
    assert isinstance(error, UnicodeDecodeError)
    run = _BEYOND_ASCII.match(error.object, error.start)
    assert run is not None
    return json.dumps(run[0].decode())[1:-1], run.end()


codecs.register_error(_escape.__name__, _escape)


def _is_deep(level: list[Any]) -> bool:
    for _ in range(DEEPEST + 1):
        level = [child for value in level for child in _children(value)]
        if not level:
            return False
    return True


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number that JSON has")


def _finite(text: str) -> float:
    number = float(_short(text))
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _whole(text: str) -> int:
    return int(_short(text))


def _short(text: str) -> str:
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"a number has {len(text):,} characters; at most {LONGEST_NUMBER} are accepted")
    return text
