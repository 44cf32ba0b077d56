"""Files of this machine as objects: the generation of a file is the time of its last change."""

from __future__ import annotations

import fcntl
import json
import mimetypes
import os
import time
import uuid
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from predictor import Limits
from service.calls import Gone
from service.deadline import Deadline
from service.location import Location
from service.results import Mark
from service.upload import Upload

_NANOSECONDS_TO_SETTLE = 2_000_000_000  # no file system keeps times more coarsely


class Folders:
    """Reads pictures from folders and keeps results in them; names are absolute paths less their first slash."""

    def list_objects(self, bucket: str, prefix: str, start: str, end: str, timeout: float) -> Iterator[Upload]:
        """The files whose names begin with the prefix, by name: from `start` on, and before `end` unless it is empty.

        Links to folders are not followed: they may lead in circles.
        """
        folder = prefix[: prefix.rfind("/") + 1]
        for name in _names(folder, max(start, prefix), end):
            if not name.startswith(prefix):
                return
            try:
                stat = os.stat(f"/{name}")
            except FileNotFoundError:  # deleted since, or a link to nothing
                continue
            kind, _ = mimetypes.guess_type(name)
            yield Upload(bucket, name, stat.st_mtime_ns, kind, stat.st_size, _metadata(name))

    def marks(self, prefix: Location, places: set[Location], timeout: float) -> dict[Location, Mark]:
        """What is there at those places."""
        return {place: Mark.of(_metadata(place.name)) for place in places if os.path.isfile(str(place))}

    def read(self, source: Location, generation: int, limits: Limits, deadline: Deadline) -> bytes:
        """The file as it was changed last at `generation`; raises Gone, and ImageTooLarge."""
        try:
            with open(str(source), "rb") as file:
                changed = os.fstat(file.fileno()).st_mtime_ns
                data = file.read(limits.max_bytes + 1)
        except FileNotFoundError as error:
            raise Gone(source) from error
        if changed != generation:
            raise Gone(source)
        limits.check_bytes(len(data))
        return data

    def store(self, target: Location, document: Mapping[str, Any], mark: Mark, deadline: Deadline) -> bool:
        """Store a result whole or not at all; False when that of a newer generation is there, which stays."""
        path, text = Path(str(target)), json.dumps(document, ensure_ascii=False).encode()
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.parent / f".{uuid.uuid4()}"  # not tempfile's, which nobody else may read
        try:
            beside.write_bytes(text)
            with locked(path.parent):
                present = Mark.of(_metadata(target.name))
                if path.exists() and not mark.replaces(present):
                    return present.generation == mark.generation
                beside.replace(path)
            return True
        finally:
            beside.unlink(missing_ok=True)


def _names(folder: str, start: str, end: str) -> Iterator[str]:
    """The files below a folder, whose name ends in a slash unless it is the root, in the order of their names."""
    found = _sorted_entries(folder)
    # What comes right before the start may be the folder that it lies in.
    for name in islice(found, max(bisect_left(found, start) - 1, 0), None):
        if end and name >= end:
            return
        if name.endswith("/") and (name >= start or start.startswith(name)):
            yield from _names(name, start, end)
        elif name >= start and os.path.isfile(f"/{name}"):
            yield name


def _sorted_entries(folder: str) -> tuple[str, ...]:
    """What is in a folder; the names of folders end in a slash, by which they are sorted among the others.

    Of a folder with a million files each page asks again: its names are kept, unless it may still be changing.
    """
    try:
        changed = os.stat(f"/{folder}").st_mtime_ns
        is_settled = time.time_ns() - changed > _NANOSECONDS_TO_SETTLE
        return _settled_entries(folder, changed) if is_settled else tuple(sorted(_entries(folder)))
    except (FileNotFoundError, NotADirectoryError):
        return ()


@lru_cache(maxsize=4)
def _settled_entries(folder: str, changed: int) -> tuple[str, ...]:
    return tuple(sorted(_entries(folder)))


def _entries(folder: str) -> Iterator[str]:
    with os.scandir(f"/{folder}") as entries:
        for entry in entries:
            yield f"{folder}{entry.name}{'/' if entry.is_dir(follow_symlinks=False) else ''}"


def _metadata(name: str) -> Mapping[str, str]:
    """What the metadata of an object would say: whether the file is a result, and of what."""
    if not name.endswith(".json"):
        return {}
    try:
        return Mark.of_document(json.loads(Path(f"/{name}").read_bytes())).metadata()
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return {}


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps others from storing in the folder between a look and a write."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
