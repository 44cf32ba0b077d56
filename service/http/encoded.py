"""Base64, as clients write it: padded or not, wrapped in lines, in its form for addresses, after `data:`."""

from __future__ import annotations

import base64

from results.errors import RequestError

_LINE_BREAKS = b" \t\r\n"
_FOR_ADDRESSES = bytes.maketrans(b"-_", b"+/")
_DATA = "data:"
_LONGEST_TYPE = 200  # characters before the comma of a `data:` address


def decode(encoded: object, place: str) -> bytes:
    """The bytes that a JSON string encodes; RequestError 400 names the place of one that does not."""
    if not isinstance(encoded, str):
        raise RequestError(400, f"{place} is not a string of base64.")
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        pass  # it may be written in another way
    try:
        return base64.b64decode(_usual(encoded), validate=True)
    except ValueError as error:
        raise RequestError(400, f"{place} holds no valid base64: {error}.") from error


def _usual(encoded: str) -> bytes:
    """The same in the usual alphabet, in one piece, with its padding; ValueError for what is no base64 anyway."""
    written = _without_type(encoded).encode("ascii").translate(_FOR_ADDRESSES, _LINE_BREAKS)
    signs = written.rstrip(b"=")
    padding = len(written) - len(signs)
    if padding > 2 or (padding and len(written) % 4):
        raise ValueError("its padding does not fit")
    return signs.ljust(-(-len(signs) // 4) * 4, b"=")


def _without_type(encoded: str) -> str:
    """The data behind the comma of a `data:` address."""
    if encoded[: len(_DATA)].lower() != _DATA:
        return encoded
    kind, comma, _ = encoded[:_LONGEST_TYPE].partition(",")
    if not comma or not kind.lower().rstrip().endswith(";base64"):
        raise ValueError("a data: address has to say ;base64 before its comma")
    return encoded[len(kind) + 1 :]
