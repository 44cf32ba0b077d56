"""The contents of a folder and of all below it, in the order of whole names, as Cloud Storage lists objects."""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

_NANOSECONDS_TO_SETTLE = 2_000_000_000  # no file system keeps times more coarsely


class Unlisted(Exception):
    """A folder whose name, which ends in a slash, is `folder` does not let itself be listed."""

    def __init__(self, folder: str, error: OSError) -> None:
        super().__init__(f"The folder cannot be listed: {error.strerror}")
        self.folder = folder


def listed(folder: str, start: str, end: str) -> Iterator[str | Unlisted]:
    """The names of all that is no folder, from `start` on and before `end` unless that is empty.

    Names are absolute paths less their first slash; that of the folder ends in a slash unless it is the root. Links to
    folders are not followed: they may lead in circles. A folder below that cannot be listed stands among the names, at
    its place; of the folder itself the OSError is raised.
    """
    under_way = [_from(start, _sorted_entries(folder))]  # no recursion: folders may lie in each other a thousand deep
    while under_way:
        name = next(under_way[-1], None)
        if name is None:
            under_way.pop()
        elif end and name >= end:
            return
        elif not name.endswith("/"):
            if name >= start:
                yield name
        elif name >= start or start.startswith(name):
            try:
                under_way.append(_from(start, _sorted_entries(name)))
            except OSError as error:
                yield Unlisted(name, error)


def _from(start: str, entries: tuple[str, ...]) -> Iterator[str]:
    """The entries from the start on, and the one before them, which may be the folder that the start lies in."""
    return islice(entries, max(bisect_left(entries, start) - 1, 0), None)


def _sorted_entries(folder: str) -> tuple[str, ...]:
    """The contents of a folder; the names of folders end in a slash, by which they are sorted among the others.

    Of a folder with a million files each page asks again: its names are kept, unless it may still be changing.
    """
    try:
        changed = os.stat(f"/{folder}").st_mtime_ns
        is_settled = time.time_ns() - changed > _NANOSECONDS_TO_SETTLE
        return _settled_entries(folder, changed) if is_settled else tuple(sorted(_entries(folder)))
    except (FileNotFoundError, NotADirectoryError):  # deleted or replaced since
        return ()


@lru_cache(maxsize=4)
def _settled_entries(folder: str, changed: int) -> tuple[str, ...]:
    return tuple(sorted(_entries(folder)))


def _entries(folder: str) -> Iterator[str]:
    with os.scandir(f"/{folder}") as entries:
        for entry in entries:
            yield f"{folder}{entry.name}{'/' if _is_folder(entry) else ''}"


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:  # whoever looks at it by its name is told why
        return False
