"""PNGs whose chunks are repeated, left out, exchanged, split, or changed within, with their checksums right."""

from __future__ import annotations

import struct
import zlib
from random import Random

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PICTURE_NAMES = (b"IDAT", b"PLTE", b"tRNS", b"fcTL", b"fdAT", b"acTL")
_OTHER_NAMES = (b"gAMA", b"sRGB", b"iCCP", b"eXIf", b"tEXt", b"zTXt", b"iTXt")
_SIDES = (0, 1, 2, 7, 100, 2000, 1 << 16, 1 << 31)

_Chunk = tuple[bytes, bytes]


def applies_to(data: bytes) -> bool:
    """Whether the input is a PNG."""
    return data.startswith(_SIGNATURE)


def mutate(data: bytes, random: Random) -> bytes:
    """The input with its chunks changed in one way."""
    chunks = _chunks(data)
    if not chunks:
        return data
    place = random.randrange(len(chunks))
    name, body = chunks[place]
    way = random.randrange(6)
    if way == 0:
        chunks[place:place] = [chunks[place]] * random.choice((1, 3, 50, 1000))
    elif way == 1:
        del chunks[place]
    elif way == 2:
        other = random.randrange(len(chunks))
        chunks[place], chunks[other] = chunks[other], chunks[place]
    elif way == 3:
        size = random.choice((1, 2, 100))
        chunks[place : place + 1] = [(name, body[start : start + size]) for start in range(0, len(body), size)]
    elif way == 4:
        chunks.insert(
            place, (random.choice((*_PICTURE_NAMES, *_OTHER_NAMES)), random.choice((b"", body, random.randbytes(30))))
        )
    else:
        chunks[place] = (name, _changed(name, body, random))
    return _SIGNATURE + b"".join(_written(*chunk) for chunk in chunks)


def _chunks(data: bytes) -> list[_Chunk]:
    found, position = [], len(_SIGNATURE)
    while position + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        found.append((name, data[position + 8 : position + 8 + length]))
        position += 12 + length
    return found


def _changed(name: bytes, body: bytes, random: Random) -> bytes:
    """The body with one byte changed; of pixels, a byte of what they are when they are inflated."""
    if name == b"IHDR" and random.random() < 0.3:
        return struct.pack(">II", random.choice(_SIDES), random.choice(_SIDES)) + body[8:]
    if name == b"IDAT":
        try:
            return zlib.compress(_with_byte(zlib.decompressobj().decompress(body, 1 << 20), random), 1)
        except zlib.error:
            return body
    return _with_byte(body, random)


def _with_byte(body: bytes, random: Random) -> bytes:
    if not body:
        return random.randbytes(4)
    place = random.randrange(len(body))
    return body[:place] + bytes([random.randrange(256)]) + body[place + 1 :]


def _written(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
