"""How many files an archive may hold, and how much it may say of them, before any library reads all of that."""

from __future__ import annotations

import struct
import tarfile
from pathlib import Path
from typing import BinaryIO

from export.errors import TooLarge

MAX_MEMBERS = 10_000
"""So many files and folders no model has."""
MAX_DIRECTORY = 1 << 24  # bytes
"""A zip's list of its files: 1,600 bytes a file."""
MAX_HEADER = 1 << 20  # bytes
"""The header of one file in a tar: its long name, its attributes."""

_END = struct.Struct("<4s4H2LH")  # https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.16
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LONGEST_COMMENT = 1 << 16
_LONG_HEADERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)


def check_zip(path: Path) -> None:
    """TooLarge for a zip that lists more files, or more about them, than any model needs.

    Python's zipfile reads the whole list when it opens a file. What is no zip passes: zipfile says so.
    """
    members, size = _zip_directory(path)
    check_members(path, members)
    if size > MAX_DIRECTORY:
        raise TooLarge(path, f"its list of files takes {size / 1e6:,.0f} MB. Unpack it yourself and give the model.")


def check_members(path: Path, members: int) -> None:
    """TooLarge for an archive of more files than any model has."""
    if members > MAX_MEMBERS:
        raise TooLarge(path, f"it holds more than {MAX_MEMBERS:,} files. Give an archive of the model alone.")


def tar_info(path: Path) -> type[tarfile.TarInfo]:
    """The headers that `tarfile` may read: TooLarge for one that would be read into memory whole, and is long."""

    class Bounded(tarfile.TarInfo):
        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Bounded:
            info = super().frombuf(buf, encoding, errors)
            if info.type in _LONG_HEADERS and info.size > MAX_HEADER:
                raise TooLarge(path, f"it says {info.size / 1e6:,.0f} MB about one file. Pack the model again.")
            return info

    return Bounded


def _zip_directory(path: Path) -> tuple[int, int]:
    """How many files a zip says that it lists, and in how many bytes; the largest of what it says."""
    length = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(length - _END.size - _LONGEST_COMMENT - _LOCATOR.size - _END64.size, 0))
        tail = file.read()
        start = tail.rfind(b"PK\5\6", 0, max(len(tail) - _END.size + 4, 0))
        if start < 0:
            return 0, 0
        _, _, _, _, members, size, _, _ = _END.unpack_from(tail, start)
        found = [(members, size)]
        locator = start - _LOCATOR.size
        if locator >= 0 and tail.startswith(b"PK\6\7", locator):
            _, _, offset, _ = _LOCATOR.unpack_from(tail, locator)
            # zipfile looks right before the locator, and its later versions where the locator says.
            for place in (offset, length - len(tail) + locator - _END64.size):
                found += _end64(file, place)
    return max(members for members, _ in found), max(size for _, size in found)


def _end64(file: BinaryIO, place: int) -> list[tuple[int, int]]:
    """The same of a record for large archives, where there is one at this place."""
    if not 0 <= place < 1 << 63:
        return []
    file.seek(place)
    record = file.read(_END64.size)
    if len(record) < _END64.size or not record.startswith(b"PK\6\6"):
        return []
    *_, members, size, _ = _END64.unpack(record)
    return [(members, size)]
