"""Files of this machine, whatever has their names: none is waited for, and none is taken in larger than expected."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO


class NoFile(OSError):
    """The name is that of no regular file: a folder, a pipe, a socket, a device."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is no regular file")


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """A regular file, to read it; raises NoFile, and OSError for what cannot be opened."""
    _check(path, os.stat(path))  # to open a device may already do something
    # If it has just become a pipe, opening it must not wait for whoever writes to it.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(handle, "rb") as file:
        _check(path, os.fstat(handle))
        yield file


def read_up_to(file: BinaryIO, most: int) -> bytes:
    """The contents of a file, at most as long as its size says; one byte more than `most` where it is larger."""
    size = os.fstat(file.fileno()).st_size
    return file.read(min(size, most + 1))  # a buffer of that size is made, so it is not simply the most


def read_json(path: str, most: int) -> Any:
    """The JSON in a file of at most so many bytes; ValueError where it holds none, OSError as `opened`."""
    with opened(path) as file:
        data = read_up_to(file, most)
    if len(data) > most:
        raise ValueError(f"{path} has more than {most:,} bytes")
    try:
        return json.loads(data)
    except RecursionError as error:
        raise ValueError(f"{path} is nested too deeply") from error


def _check(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NoFile(path)
