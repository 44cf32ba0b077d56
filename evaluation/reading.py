"""From where a picture is to its bytes."""

from __future__ import annotations

import os
import stat
from functools import lru_cache
from typing import TYPE_CHECKING

from predictor import BadImage, Limits
from storage.location import GS, Location

if TYPE_CHECKING:
    from storage.client import Storage

SECONDS_A_PICTURE = 60


class Unreadable(Exception):
    """The bytes of a picture cannot be had; `reason` is a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read(address: str, limits: Limits) -> bytes:
    """The bytes of a file or of an object in Cloud Storage; raises Unreadable, and ImageTooLarge over the limit."""
    return _of_object(address, limits) if address.startswith(GS) else _of_file(address, limits)


def _of_file(address: str, limits: Limits) -> bytes:
    try:
        status = os.stat(address)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable("It is not a file.")
        limits.check_bytes(status.st_size)
        with open(address, "rb") as file:
            return file.read(limits.max_bytes)
    except OSError as error:
        raise Unreadable(f"The file cannot be read: {error.strerror}.") from error
    except ValueError as error:
        if isinstance(error, BadImage):
            raise
        raise Unreadable(f"This is no path of a file: {error}.") from error  # it holds a NUL


@lru_cache(maxsize=1)
def _storage() -> Storage:
    from storage.client import Storage

    return Storage()


def _of_object(address: str, limits: Limits) -> bytes:
    """Whatever Cloud Storage's client raises is a reason for this picture: others may lie in other buckets."""
    from storage.deadline import Deadline

    try:
        source, deadline = Location.parse(address), Deadline.after(SECONDS_A_PICTURE)
        newest = _storage().newest(source, deadline)
        if newest is None:
            raise Unreadable("There is no such object.")
        limits.check_bytes(newest.size)
        return _storage().read(source, newest.generation, limits, deadline)
    except (BadImage, MemoryError, Unreadable):
        raise
    except Exception as error:  # the clients' own errors share no base class but Exception
        raise Unreadable(f"It cannot be read: {error}") from error
