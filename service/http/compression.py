"""Bodies that are compressed on their way, as Triton's client and gateways do it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import flask

from results.errors import RequestError

CHUNK = 1 << 20  # bytes that are unpacked at a time
MOST_MEMBERS = 100  # of gzip, one after the other; each begins anew
_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


def encoding_of(request: flask.Request) -> str | None:
    """The body's Content-Encoding, None for none; RequestError 415 for one that is not unpacked."""
    header = request.headers.get("Content-Encoding")
    if not header:
        return None
    encodings = [name for part in header.lower().split(",") if (name := part.strip()) not in ("", "identity")]
    if len(encodings) > 1 or any(name not in _WINDOWS for name in encodings):
        raise RequestError(415, "The body has a Content-Encoding that is not accepted; accepted are gzip and deflate.")
    return encodings[0] if encodings else None


def unpacked(parts: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The contents of a compressed body, CHUNK bytes or less at a time.

    Raises RequestError: 415 when it is something else, 400 when it is not whole.
    """
    unpacker, members, size = zlib.decompressobj(_WINDOWS[encoding]), 1, 0
    for part in parts:
        while part:
            if unpacker.eof:
                unpacker, members = zlib.decompressobj(_WINDOWS[encoding]), members + 1
            try:
                chunk = unpacker.decompress(part, CHUNK)
            except zlib.error as error:
                is_other = not size and "header" in str(error)  # zlib says what it did not find
                reason = f"The body is not {encoding}, as its Content-Encoding says, or is damaged."
                raise RequestError(415 if is_other else 400, reason) from error
            if members > MOST_MEMBERS:
                raise RequestError(400, f"The body is {encoding} in more than {MOST_MEMBERS} members.")
            part, size = unpacker.unconsumed_tail or unpacker.unused_data, size + len(part)
            yield chunk
    yield unpacker.flush()
    if size and not unpacker.eof:
        raise RequestError(400, f"The body is {encoding} that is cut off.")
