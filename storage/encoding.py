"""The compression of an object's stored bytes: its bytes say so, its metadata are what somebody wrote."""

from __future__ import annotations

import io
import re
import zlib

from predictor import BadImage, Limits, UnsupportedImage

GZIP = b"\x1f\x8b"  # RFC 1952; no image format begins so
LAYERS = 3  # of gzip in gzip that are unpacked
MEMBERS = 1000  # parts of one file of gzip; each costs something, though it holds nothing
PIECE = 65536  # bytes that are unpacked at a time
OTHERS = re.compile(r"\b(deflate|compress|br|zstd)\b", re.IGNORECASE)
"""Content codings that are not unpacked: IANA's registry has them."""
PICTURES = re.compile(rb"\xff\xd8|\x89PNG|GIF8|BM|RIFF")
"""The first bytes of the accepted formats."""


def unpack(data: bytes, encoding: str | None, limits: Limits) -> bytes:
    """The file that an object's stored bytes hold; no more than the limits allow is ever unpacked.

    Raises BadImage for gzip that is not whole, ImageTooLarge, and UnsupportedImage for another encoding, where the
    bytes are not a picture as they are.
    """
    for _ in range(LAYERS):
        if not data.startswith(GZIP):
            break
        try:
            data = _unzipped(data, limits)
        except zlib.error as error:
            begins = "The object's content encoding is gzip" if encoding else "The file begins as gzip does"
            raise BadImage(f"{begins}, but its bytes are not whole gzip.") from error
    other = OTHERS.search(encoding or "")
    if other and data and not PICTURES.match(data):
        raise UnsupportedImage(f"The object's content encoding is {other[0]}; only gzip is unpacked.")
    return data


def _unzipped(data: bytes, limits: Limits) -> bytes:
    """The contents of gzip data; raises zlib.error when it is not whole."""
    unpacked = io.BytesIO()
    position = 0
    for _ in range(MEMBERS):
        position = _unzip_member(data, position, unpacked, limits)
        if not data.startswith(GZIP, position):
            if data[position:].strip(b"\0"):  # zeros fill up a block of a tape
                raise zlib.error("there is more after the end")
            return unpacked.getvalue()
    raise BadImage(f"The file is gzip in more than {MEMBERS:,} parts.")


def _unzip_member(data: bytes, position: int, unpacked: io.BytesIO, limits: Limits) -> int:
    """Unpack the part of gzip that begins at the position; where it ends."""
    member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)  # with gzip's header and trailer
    while not member.eof:
        piece = data[position : position + PIECE]
        if not piece:
            raise zlib.error("it ends too early")
        unpacked.write(member.decompress(piece, limits.max_bytes + 1 - unpacked.tell()))
        limits.check_bytes(unpacked.tell())
        position += len(piece) - len(member.unused_data)
    return position
