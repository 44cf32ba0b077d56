"""Bits and prefix codes of a losslessly stored WebP (RFC 9649, section 3.7.2)."""

from __future__ import annotations

from predictor.errors import BadImage

Code = tuple[int, list[tuple[int, int]]]
"""Which bits to look at, and for each of their values how many of them are the symbol's, and the symbol."""

LEVELS, LENGTHS, DISTANCES = 256, 24, 40
"""How many symbols stand for a level of a colour, and for the lengths and distances of pixels that are copied."""

_ORDER = (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
_FIRST_LENGTH = 8  # what is repeated when nothing went before
_REPEAT, _ZEROS, _MANY_ZEROS = 16, 17, 18
_LONGEST_PIXEL = 4 * 15  # bits


class Bits:
    """Bits of a file from the byte at `start` on, the lowest of each byte first; behind the end they are 0.

    value: those that were read and not taken; count: how many they are.
    """

    def __init__(self, data: bytes, start: int) -> None:
        self.value = 0
        self.count = 0
        self._data = data
        self._next = start

    def fill(self) -> None:
        """Have as many bits at hand as any step takes."""
        if self.count < _LONGEST_PIXEL:
            self.value |= int.from_bytes(self._data[self._next : self._next + 16], "little") << self.count
            self._next += 16
            self.count += 128

    def take(self, count: int) -> int:
        """The next bits as a number."""
        self.fill()
        value = self.value & ((1 << count) - 1)
        self.value >>= count
        self.count -= count
        return value

    def symbol(self, code: Code) -> int:
        """The next symbol of a code."""
        self.fill()
        mask, table = code
        length, symbol = table[self.value & mask]
        self.value >>= length
        self.count -= length
        return symbol

    def amount(self, symbol: int) -> int:
        """The length or distance that a symbol begins: the larger it is, the more bits follow."""
        if symbol < 4:
            return symbol + 1
        extra = (symbol - 2) >> 1
        return ((2 + (symbol & 1)) << extra) + self.take(extra) + 1


def pass_pixels(bits: Bits, codes: list[Code], left: int) -> int:
    """Read past so many pixels; the largest number that red and green make of one that is stored as such.

    codes: those of green, lengths and the cache, of red, blue, transparency, and distances.
    """
    (mask, table), (red_mask, red), *others, distances = codes
    others, largest = [code for code in others if code[0]], 0
    while left > 0:
        bits.fill()
        value, count = bits.value, bits.count  # in variables, as this is done for every pixel
        length, symbol = table[value & mask]
        value, count, left = value >> length, count - length, left - 1
        if symbol < LEVELS:
            length, level = red[value & red_mask]
            value, count = value >> length, count - length
            for other_mask, other in others:
                length, _ = other[value & other_mask]
                value, count = value >> length, count - length
            if level << 8 | symbol > largest:
                largest = level << 8 | symbol
        bits.value, bits.count = value, count
        if LEVELS <= symbol < LEVELS + LENGTHS:
            left -= bits.amount(symbol - LEVELS) - 1
            bits.amount(bits.symbol(distances))
    return largest


def read_code(bits: Bits, symbols: int) -> Code:
    """Read a code of so many symbols; BadImage when it is none."""
    return _code(_one_or_two(bits) if bits.take(1) else _lengths(bits, symbols))


def _one_or_two(bits: Bits) -> dict[int, int]:
    two, wide = bits.take(1), bits.take(1)
    lengths = {bits.take(8 if wide else 1): 1}
    if two:
        lengths[bits.take(8)] = 1
    return lengths


def _lengths(bits: Bits, symbols: int) -> dict[int, int]:
    """How many bits each symbol has, itself coded; those that have none are left out."""
    count = 4 + bits.take(4)
    code = _code({_ORDER[place]: length for place in range(count) if (length := bits.take(3))})
    left = 2 + bits.take(2 + 2 * bits.take(3)) if bits.take(1) else symbols
    lengths: dict[int, int] = {}
    symbol, last = 0, _FIRST_LENGTH
    while symbol < symbols and left:
        left -= 1
        length, repeated = bits.symbol(code), 1
        if length < _REPEAT:
            last = length or last
        elif length == _REPEAT:
            length, repeated = last, 3 + bits.take(2)
        else:
            repeated = 3 + bits.take(3) if length == _ZEROS else 11 + bits.take(7)
            length = 0
        if length:
            lengths.update(dict.fromkeys(range(symbol, symbol + repeated), length))
        symbol += repeated
    return lengths


def _code(lengths: dict[int, int]) -> Code:
    """The canonical code of symbols with these numbers of bits."""
    if len(lengths) <= 1:
        return 0, [(0, symbol) for symbol in lengths] or [(0, 0)]
    most = max(lengths.values())
    table: list[tuple[int, int]] = [(0, 0)] * (1 << most)
    code, before = 0, 0
    for length, symbol in sorted((length, symbol) for symbol, length in lengths.items()):
        code <<= length - before
        before = length
        if code >> length:
            raise BadImage("The image is damaged: its codes contradict each other.")
        backwards = int(f"{code:0{length}b}"[::-1], 2)
        table[backwards :: 1 << length] = [(length, symbol)] * (1 << (most - length))
        code += 1
    return (1 << most) - 1, table
