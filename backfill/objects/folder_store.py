"""Files of this machine as objects: the generation of a file is the time of its last change."""

from __future__ import annotations

import errno
import fcntl
import json
import mimetypes
import os
import stat
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backfill.objects.file import NoFile, opened, read_json, read_up_to
from backfill.objects.listing import Unlisted, listed
from backfill.pipeline.finished import Finished
from predictor import Limits
from results.outcome import Outcome
from storage.calls import ObjectNotFound
from storage.deadline import Deadline
from storage.location import Location
from storage.result_version import ResultVersion
from storage.upload import Upload

MAX_RESULT = 8 * 2**20  # bytes; the result of a model with 20,000 classes has two million
NO_FILE = "it is no regular file"
NO_NAME = "no file can have this name"
LINK_TO_FOLDER = "it is a link to a folder"
LINK_TO_NOTHING = "it is a link that leads nowhere"
_VANISHED = (FileNotFoundError, NotADirectoryError)
_SECONDS_BETWEEN_TRIES = 0.002


class FolderStore:
    """Reads pictures from folders and keeps results in them; names are absolute paths less their first slash."""

    def list_objects(
        self, bucket: str, prefix: str, start: str, end: str, timeout: float
    ) -> Iterator[Upload | Finished]:
        """The files whose names begin with the prefix, by name: from `start` on, and before `end` unless it is empty.

        What is no file, or cannot be looked at, is Finished by that.
        """
        folder = prefix[: prefix.rfind("/") + 1]
        for entry in listed(folder, max(start, prefix), end):
            if isinstance(entry, Unlisted):
                yield Finished(Location("", entry.folder), Outcome.RETRIED, str(entry))
            elif not entry.startswith(prefix):
                return
            elif found := _look(entry):
                yield found

    def result_versions(
        self, prefix: Location, locations: set[Location], timeout: float
    ) -> dict[Location, ResultVersion]:
        """The versions of the results at those locations."""
        return {location: result_version for location in locations if (result_version := _result_version(location))}

    def read(self, source: Location, generation: int, limits: Limits, deadline: Deadline) -> bytes:
        """The file as it was changed last at `generation`; raises ObjectNotFound, and ImageTooLarge."""
        try:
            with opened(str(source)) as file:
                before = os.fstat(file.fileno()).st_mtime_ns
                data = read_up_to(file, limits.max_bytes)
                after = os.fstat(file.fileno()).st_mtime_ns
        except (*_VANISHED, NoFile) as error:
            raise ObjectNotFound(source) from error
        if not before == after == generation:
            raise ObjectNotFound(source)
        limits.check_bytes(len(data))
        return data

    def is_current(self, upload: Upload) -> bool:
        """Whether the file is still the one that was listed; OSError where that cannot be known."""
        try:
            status = os.stat(str(upload.location))
        except _VANISHED:
            return False
        return (status.st_mtime_ns, status.st_size) == (upload.generation, upload.size)

    def store(
        self,
        target: Location,
        document: Mapping[str, Any],
        result_version: ResultVersion,
        facts: Mapping[str, str],
        deadline: Deadline,
    ) -> bool:
        """Store a result whole or not at all; False when a better one is there, which stays. Files have no metadata."""
        path, text = Path(str(target)), json.dumps(document, ensure_ascii=False).encode()
        if not _is_plain(target):
            raise ValueError(NO_NAME)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.parent / f".{uuid.uuid4()}"  # not tempfile's, which nobody else may read
        try:
            beside.write_bytes(text)
            with locked(path.parent, deadline):
                present = _result_version(target)
                if present and not result_version.replaces(present):
                    return present.says_as_much_as(result_version)
                beside.replace(path)
            return True
        finally:
            beside.unlink(missing_ok=True)


def _look(name: str) -> Upload | Finished | None:
    """The object behind a name; None when it was deleted since it was listed."""
    location = Location("", name)
    try:
        status = os.stat(str(location))
    except OSError as error:
        if error.errno == errno.ELOOP or (isinstance(error, _VANISHED) and os.path.islink(str(location))):
            return Finished(location, Outcome.IGNORED, LINK_TO_NOTHING)
        if isinstance(error, _VANISHED):
            return None
        return Finished(location, Outcome.RETRIED, f"It cannot be looked at: {error.strerror}")
    if stat.S_ISREG(status.st_mode):
        kind, _ = mimetypes.guess_type(name)
        return Upload("", name, status.st_mtime_ns, kind, status.st_size, _metadata(name))
    return Finished(location, Outcome.IGNORED, LINK_TO_FOLDER if stat.S_ISDIR(status.st_mode) else NO_FILE)


def _metadata(name: str) -> Mapping[str, str]:
    """The metadata that an object would have: whether the file is a result, and of what."""
    result_version = _result_version(Location("", name)) if name.endswith(".json") else None
    return result_version.metadata() if result_version and result_version.is_ours else {}


def _result_version(location: Location) -> ResultVersion | None:
    """The version of the result in a file; of a broken one as of what is not ours, None where there is no file."""
    try:
        return ResultVersion.of_document(read_json(str(location), MAX_RESULT)) if _is_plain(location) else None
    except (*_VANISHED, NoFile):
        return None
    except (OSError, KeyError, TypeError, ValueError):
        return ResultVersion.of(None)


def _is_plain(location: Location) -> bool:
    """Whether a path leads where it says; an object may have empty parts, `..` and zero bytes in its name."""
    return os.path.normpath(str(location)) == str(location) and "\0" not in location.name


@contextmanager
def locked(folder: Path, deadline: Deadline) -> Iterator[None]:
    """Keeps others from storing in the folder between a look and a write; raises OutOfTime."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        while not _lock(handle):
            time.sleep(min(_SECONDS_BETWEEN_TRIES, deadline.remaining()))
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    """Whether it is locked now; who waits without end waits for one that was stopped, too."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
