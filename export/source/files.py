"""Files that lie elsewhere, in an archive or a bucket, and are copied here."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from export.progress import Report

_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Files:
    """Files somewhere: their sizes in bytes, and `copy`, which writes the bytes of one to an open file."""

    sizes: Mapping[PurePosixPath, int]
    copy: Callable[[PurePosixPath, BinaryIO], None]

    def fetch(self, names: Iterable[PurePosixPath], folder: Path, step: str, report: Report) -> None:
        """Copy the named files into `folder`, and report progress in megabytes."""
        names = list(names)
        total = sum(self.sizes[name] for name in names)
        done = 0

        def count(written: int) -> None:
            nonlocal done
            done += written
            if done // _MEGABYTE != (done - written) // _MEGABYTE:
                report(step, done // _MEGABYTE, total // _MEGABYTE)

        report(step, 0, total // _MEGABYTE)
        for name in names:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with _CountedFile(target, count) as file:
                self.copy(name, file)


class _CountedFile(io.FileIO):
    """A new file that tells how many bytes are written to it."""

    def __init__(self, path: Path, count: Callable[[int], None]) -> None:
        super().__init__(path, "wb")
        self._count = count

    def write(self, data: bytes) -> int:  # type: ignore[override]  # bytes are all that is written here
        """Write and tell."""
        self._count(super().write(data) or 0)
        return len(data)
