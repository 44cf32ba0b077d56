"""How many codes a losslessly stored WebP has, read from it before it is decoded.

Each tile of such a picture may have codes of its own, of which libwebp makes tables: 12 microseconds and 6 KB for each
of up to 65,536 sets, however few pixels use it. libwebp's encoder makes some tens. Their number stands behind images of
a pixel for each tile, which can only be passed over by decoding them (RFC 9649, sections 3.4 to 3.7).
"""

from __future__ import annotations

from predictor.errors import BadImage, ImageTooLarge
from predictor.webp.codes import DISTANCES, LENGTHS, LEVELS, Bits, pass_pixels, read_code

_SIGNATURE = 0x2F
_SIDE_BITS = 14
_PREDICTOR, _COLOUR, _SUBTRACT_GREEN, _PALETTE = range(4)
_WITHOUT_HEADER = 1  # the compression of an alpha plane, two bits

_SETS_ALWAYS, _PIXELS_A_SET = 64, 1000
_TILES_ALWAYS, _PIXELS_A_TILE = 16_384, 200  # libwebp's encoder makes at most 16,384, its older versions 1 in 256


def check_lossless(data: bytes, start: int) -> None:
    """ImageTooLarge when the picture whose data begin at `start` has too many sets of codes for its pixels."""
    bits = Bits(data, start)
    if bits.take(8) != _SIGNATURE:
        raise BadImage("The image is damaged: its header cannot be read.")
    width, height = bits.take(_SIDE_BITS) + 1, bits.take(_SIDE_BITS) + 1
    bits.take(4)  # whether there is transparency, and the version
    _check(bits, width, height)


def check_alpha(data: bytes, start: int, width: int, height: int) -> None:
    """The same for transparency that is stored beside a picture of this size."""
    bits = Bits(data, start)
    if bits.take(2) == _WITHOUT_HEADER:
        bits.take(6)
        _check(bits, width, height)


def _check(bits: Bits, width: int, height: int) -> None:
    pixels = width * height
    width = _pass_transforms(bits, width, height)
    if bits.take(1):  # a cache of colours
        bits.take(4)
    if not bits.take(1):
        return
    across, down = _tiles(bits, width, height)
    most = _SETS_ALWAYS + pixels // _PIXELS_A_SET
    if across * down > most:
        _check_tiles(across * down, pixels)
        if _pass_image(bits, across, down) >= most:
            raise ImageTooLarge("The WebP has more codes than its pixels need; save it anew to have it labelled.")


def _pass_transforms(bits: Bits, width: int, height: int) -> int:
    """Read past what was done to the picture before it was stored; how wide it was then."""
    pixels = width * height
    for _ in range(4):  # each at most once
        if not bits.take(1):
            break
        transform = bits.take(2)
        if transform in (_PREDICTOR, _COLOUR):
            across, down = _tiles(bits, width, height)
            _check_tiles(across * down, pixels)
            _pass_image(bits, across, down)
        elif transform == _PALETTE:
            colours = bits.take(8) + 1
            _pass_image(bits, colours, 1)
            shared = 3 if colours <= 2 else 2 if colours <= 4 else 1 if colours <= 16 else 0
            width = -(-width >> shared)
    return width


def _tiles(bits: Bits, width: int, height: int) -> tuple[int, int]:
    side = bits.take(3) + 2
    return -(-width >> side), -(-height >> side)


def _check_tiles(tiles: int, pixels: int) -> None:
    if tiles > _TILES_ALWAYS + pixels // _PIXELS_A_TILE:
        raise ImageTooLarge("The WebP is in more tiles than its pixels need; save it anew to have it labelled.")


def _pass_image(bits: Bits, width: int, height: int) -> int:
    """Read past an image of this size; the largest number that red and green make of a pixel stored as such."""
    cache = 1 << bits.take(4) if bits.take(1) else 0
    codes = [read_code(bits, symbols) for symbols in (LEVELS + LENGTHS + cache, LEVELS, LEVELS, LEVELS, DISTANCES)]
    return pass_pixels(bits, codes, width * height)
