"""WebPs of many chunks and many frames, and of many codes for few pixels."""

from __future__ import annotations

import io
import struct

from PIL import Image

_ORDER = (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
_MANY_ZEROS, _LENGTH_OF_256 = 18, 8
_GREENS, _LEVELS = 280, 256


def riff(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) & 1)


def pixel() -> bytes:
    """The chunk of a lossless picture of one pixel."""
    file = io.BytesIO()
    Image.new("RGB", (1, 1), (9, 99, 199)).save(file, "WEBP", lossless=True)
    return file.getvalue()[12:]


def extended(flags: int) -> bytes:
    return chunk(b"VP8X", bytes([flags]) + bytes(3) + bytes(3) + bytes(3))


def many_chunks(count: int, flags: int = 0) -> bytes:
    """A picture after so many chunks that no decoder knows."""
    return riff(extended(flags), chunk(b"teSt", b"") * count, pixel())


def many_frames(count: int) -> bytes:
    """So many frames of a pixel."""
    frame = chunk(b"ANMF", bytes(12) + b"\x01\0\0\0" + pixel())
    return riff(extended(0x02), chunk(b"ANIM", bytes(6)), frame * count)


class Bits:
    """Bits, the lowest of each byte first."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._value = 0
        self._count = 0

    def put(self, value: int, count: int) -> None:
        """Add so many bits."""
        self._value |= value << self._count
        whole, self._count = divmod(self._count + count, 8)
        self._bytes += (self._value & ((1 << 8 * whole) - 1)).to_bytes(whole, "little")
        self._value >>= 8 * whole

    def done(self) -> bytes:
        """All of them."""
        return bytes(self._bytes) + self._value.to_bytes(self._count > 0, "little")


def put_one_symbol(bits: Bits, symbol: int = 0) -> None:
    """A code of one symbol, 0 or 1, that needs no bits."""
    bits.put(0b001 | symbol << 3, 4)


def put_all_levels(bits: Bits, symbols: int) -> None:
    """A code of eight bits for each of the first 256 symbols."""
    bits.put(0, 1)
    bits.put(len(_ORDER) - 4, 4)
    for length in _ORDER:
        bits.put(int(length in (_LENGTH_OF_256, _MANY_ZEROS)), 3)
    bits.put(0, 1)
    bits.put(0, _LEVELS)  # of the two lengths, eight is coded 0
    if symbols > _LEVELS:
        bits.put(1 | symbols - _LEVELS - 11 << 1, 8)


def many_codes(width: int, height: int, side: int, sets: int) -> bytes:
    """A lossless picture with so many sets of codes, in tiles whose sides are 2 to the power of `side`."""
    bits = Bits()
    bits.put(0x2F, 8)
    bits.put(width - 1 | height - 1 << 14, 32)
    bits.put(0b100, 3)  # no transform, no cache of colours, but sets of codes
    bits.put(side - 2, 3)
    bits.put(0, 1)
    put_all_levels(bits, _GREENS)
    put_all_levels(bits, _LEVELS)
    for _ in range(3):
        put_one_symbol(bits)
    for tile in range(-(-width >> side) * -(-height >> side)):
        place = tile % sets
        bits.put(_reversed(place & 255) | _reversed(place >> 8) << 8, 16)
    for place in range(sets * 5):
        put_one_symbol(bits, place & 1)
    return riff(chunk(b"VP8L", bits.done()))


def many_tiles(width: int, height: int) -> bytes:
    """A lossless picture with a predictor for each four by four pixels."""
    bits = Bits()
    bits.put(0x2F, 8)
    bits.put(width - 1 | height - 1 << 14, 32)
    bits.put(0b0001, 3)  # a transform, the predictor
    bits.put(0, 3)
    bits.put(0, 1)
    put_all_levels(bits, _GREENS)
    for _ in range(4):
        put_one_symbol(bits)
    bits.put(0, 8 * (-(-width >> 2) * -(-height >> 2)))
    bits.put(0, 3)
    for _ in range(5):
        put_one_symbol(bits)
    return riff(chunk(b"VP8L", bits.done()))


def _reversed(byte: int) -> int:
    return int(f"{byte:08b}"[::-1], 2)
