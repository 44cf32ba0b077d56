"""How a PNG is to be turned, by EXIF in a chunk of its own or in a text, or by XMP, where Pillow looks for them."""

from __future__ import annotations

import zlib

from predictor.exif import orientation
from predictor.png.chunks import Chunk

TEXTS = frozenset((b"eXIf", b"tEXt", b"zTXt", b"iTXt"))

_LONGEST_KEYWORD = 79  # PNG specification, 11.3.3
_HEXADECIMAL_EXIF = b"Raw profile type exif"  # as ImageMagick writes it: three lines, then digits
_XMP = b"XML:com.adobe.xmp"
_LONGEST_TEXT = 1 << 20  # bytes; longer ones, which only deflate makes of a small chunk, are cut


def read_orientation(data: bytes, chunks: list[Chunk]) -> int:
    """1 to 8 by EXIF; of several chunks of a kind the last counts."""
    last = {_kind(data, chunk): chunk for chunk in chunks}
    exif = None
    if b"eXIf" in last:
        exif = data[last[b"eXIf"].start : last[b"eXIf"].end]
    elif _HEXADECIMAL_EXIF in last:
        exif = _from_hexadecimal(_text(data, last[_HEXADECIMAL_EXIF]))
    return orientation(exif, _text(data, last[_XMP]) if _XMP in last else None)


def _kind(data: bytes, chunk: Chunk) -> bytes:
    """The keyword of a text, the name of another chunk."""
    if chunk.name == b"eXIf":
        return chunk.name
    return data[chunk.start : min(chunk.end, chunk.start + _LONGEST_KEYWORD + 1)].partition(b"\0")[0]


def _text(data: bytes, chunk: Chunk) -> bytes:
    _, _, text = data[chunk.start : chunk.end].partition(b"\0")
    if chunk.name == b"tEXt":
        return text
    if chunk.name == b"zTXt":
        return _inflated(text[1:])
    *_, text_of_language = text[2:].split(b"\0", 2)
    return _inflated(text_of_language) if text[:1] != b"\0" else text_of_language


def _inflated(text: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(text, _LONGEST_TEXT)
    except zlib.error:
        return b""


def _from_hexadecimal(text: bytes) -> bytes:
    try:
        return bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii"))
    except ValueError:
        return b""
