"""The camera that a JPEG file names in its EXIF."""

from __future__ import annotations

import struct

_START = b"Exif\0\0"
_SEARCHED = 2**16  # bytes; EXIF stands before all other segments
_MAKE, _MODEL, _ASCII = 271, 272, 2  # EXIF 2.3
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_ENTRY = 12  # bytes: tag, type, count, and where the text stands
_INLINE = 4  # bytes of a text that stands in its entry
_LONGEST = 64  # bytes of a name


def camera(data: bytes) -> str:
    """Make and model; empty where the file says neither, or is no JPEG."""
    start = data.find(_START, 0, _SEARCHED) if data.startswith(b"\xff\xd8") else -1
    if start < 0:
        return ""
    try:
        names = _names(data[start + len(_START) :][:_SEARCHED])
    except struct.error:  # cut off
        return ""
    return " ".join(names[tag] for tag in (_MAKE, _MODEL) if names.get(tag))


def _names(tiff: bytes) -> dict[int, str]:
    order = _ORDERS.get(tiff[:4])
    if order is None:
        return {}
    (position,) = struct.unpack_from(order + "L", tiff, 4)
    (count,) = struct.unpack_from(order + "H", tiff, position)
    found = {}
    for start in range(position + 2, position + 2 + count * _ENTRY, _ENTRY):
        tag, kind, length = struct.unpack_from(order + "HHL", tiff, start)
        if tag in (_MAKE, _MODEL) and kind == _ASCII:
            (text,) = struct.unpack_from(order + "L", tiff, start + 8) if length > _INLINE else (start + 8,)
            found[tag] = tiff[text : text + min(length, _LONGEST)].partition(b"\0")[0].decode("latin-1").strip()
    return found
