"""Content encodings: what an object's bytes are packed with."""

from __future__ import annotations

import gzip
import io
import zlib

from predictor import BadImage, Limits, UnsupportedImage


def unpack(data: bytes, encoding: str | None, limits: Limits) -> bytes:
    """The file that an object's stored bytes hold; no more than the limits allow is ever unpacked.

    Raises BadImage when the bytes are not what the encoding says, ImageTooLarge, and UnsupportedImage for an encoding
    other than gzip.
    """
    if encoding in (None, "", "identity"):
        return data
    if encoding not in ("gzip", "x-gzip"):
        raise UnsupportedImage(f"The object's content encoding is {encoding}; only gzip is unpacked.")
    try:
        with gzip.open(io.BytesIO(data)) as file:
            unpacked = file.read(limits.max_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadImage("The object's content encoding is gzip, but its bytes are not whole gzip.") from error
    limits.check_bytes(len(unpacked))
    return unpacked
