"""The contents of a temporary folder, in words that a person knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from export.errors import ExportError


@dataclass(frozen=True)
class Origin:
    """The archive, the address or the file, as it was given, from which the files in a temporary folder were made."""

    folder: Path
    given: str

    def named(self, text: str) -> str:
        """The text with the origin in place of the folder, which is gone when a person looks for it."""
        return text.replace(str(self.folder), self.given)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Let the messages of errors name the origin."""
        try:
            yield
        except ExportError as error:
            error.args = (self.named(str(error)), *error.args[1:])
            raise
