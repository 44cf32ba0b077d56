"""How a camera was held, as EXIF or XMP say it, read as Pillow reads it.

Only the one entry is read: Pillow's own reader copies what every entry points to, as often as there are entries.
"""

from __future__ import annotations

import re
import struct

UPRIGHT = 1
_TAG = 274  # EXIF 2.3
_START = re.compile(rb"(?:Exif\0\0){1,2}")
_XMP = re.compile(rb'tiff:Orientation(?:="|>)([0-9])')
_ORDERS = {b"II*\0": "<", b"MM\0*": ">", b"MM*\0": ">", b"II\0*": "<"}
_ENTRY = 12  # bytes: tag, type, count, and the value or where it stands
_INLINE = 4  # bytes of a value that stands in its entry
# TIFF 6.0, by the number of the type: bytes and texts, which are no orientation, and numbers; rational ones are two.
_BYTES = (1, 2, 7)
_TYPES = {3: "H", 4: "L", 5: "LL", 6: "b", 8: "h", 9: "l", 10: "ll", 11: "f", 12: "d", 13: "L", 16: "Q"}


def orientation(exif: bytes | None, xmp: bytes | None) -> int:
    """1 to 8 by EXIF; other values, and those that make no sense, mean what 1 means."""
    try:
        value = _entry(exif[start.end() :] if exif and (start := _START.match(exif)) else exif or b"")
    except struct.error:  # cut off
        value = None
    if value is None and xmp and (found := _XMP.search(xmp)):
        value = int(found[1])
    return int(value) if value is not None and value in range(UPRIGHT, 9) else UPRIGHT


def _entry(tiff: bytes) -> float | None:
    """The first value of the entry in the first directory; None without one."""
    order = _ORDERS.get(tiff[:4])
    if order is None:
        return None
    (position,) = struct.unpack_from(order + "L", tiff, 4)
    (count,) = struct.unpack_from(order + "H", tiff, position)
    for start in range(position + 2, position + 2 + count * _ENTRY, _ENTRY):
        tag, kind, values = struct.unpack_from(order + "HHL", tiff, start)
        if tag == _TAG and values and kind in _BYTES:
            return UPRIGHT
        if tag == _TAG and values and kind in _TYPES:
            return _value(tiff, order, _TYPES[kind], values, start + 8)
    return None


def _value(tiff: bytes, order: str, kind: str, values: int, position: int) -> float | None:
    if values * struct.calcsize(order + kind) > _INLINE:
        (position,) = struct.unpack_from(order + "L", tiff, position)
    value, *divisor = struct.unpack_from(order + kind, tiff, position)
    if divisor:
        return value / divisor[0] if divisor[0] else None
    number: float = value
    return number
