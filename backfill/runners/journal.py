"""A folder in which the processes of one machine note what they have found and finished, for whoever waits.

Each process appends a byte an object to a file of its own; who waits reads what has been added since.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from backfill.report.tally import Tally
from results.outcome import Outcome

TO_DO, LEFT_ALONE, ALL_LISTED = b"+", b"-", b"."
FINISHED = {
    Outcome.LABELLED: b"l",
    Outcome.IGNORED: b"i",
    Outcome.SUPERSEDED: b"s",
    Outcome.REFUSED: b"r",
    Outcome.FAILED: b"f",
    Outcome.RETRIED: b"u",
}
_OUTCOMES = {note[0]: outcome for outcome, note in FINISHED.items()}

Note = Callable[[bytes], None]


@cache
def notes(folder: str) -> Note:
    """The notes of this process and all its threads; without a folder nobody waits for notes."""
    file = _file(folder)

    def write(note: bytes) -> None:
        if file is not None:
            with suppress(OSError):
                os.write(file, note)

    return write


def _file(folder: str) -> int | None:
    with suppress(OSError):  # a full disk must not cost more than the display of progress
        return tempfile.mkstemp(dir=folder)[0] if folder else None
    return None


class Reader:
    """Counts what is noted in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, int] = {}
        self.tally = Tally()

    def update(self) -> Tally:
        """The tally, with all that has been noted until now."""
        for path in self._folder.iterdir():
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                added = file.read()
            self._read[path] = self._read.get(path, 0) + len(added)
            self._count(added)
        return self.tally

    def _count(self, added: bytes) -> None:
        tally = self.tally
        tally.to_do += added.count(TO_DO)
        tally.left_alone += added.count(LEFT_ALONE)
        tally.is_listed |= ALL_LISTED in added
        for byte, outcome in _OUTCOMES.items():
            tally.finished[outcome] += added.count(byte)
