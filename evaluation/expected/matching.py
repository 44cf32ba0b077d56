"""Which picture an expected answer is for: by its path, else by its name."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from evaluation.errors import EvaluationError
from storage.location import GS

MOST_PICTURES = 1_000_000


class Pictures:
    """The files of a folder, found by the end of a path, by a name, or by a name without its suffix."""

    def __init__(self, folder: Path) -> None:
        """Raises EvaluationError for no folder, and for one of too many files."""
        if not folder.is_dir():
            raise EvaluationError(f"{folder}: there is no such folder of pictures.")
        self._folder = folder
        self._paths: set[str] = set()
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        for path in _files(folder):
            if len(self._paths) == MOST_PICTURES:
                raise EvaluationError(f"{folder} has more than {MOST_PICTURES:,} files. Give a part of it.")
            self._paths.add(path)
            name = PurePosixPath(path)
            self._by_name[name.name].append(path)
            self._by_stem[name.stem].append(path)

    def address(self, picture: str) -> str | None:
        """The path of a picture; its own address in Cloud Storage where it is not here; None where it is nowhere."""
        parts = picture.removeprefix(GS).replace("\\", "/").strip("/").split("/")
        for first in range(len(parts)):
            if (path := "/".join(parts[first:])) in self._paths:
                return str(self._folder / path)
        for names, name in ((self._by_name, parts[-1]), (self._by_stem, parts[-1])):
            if len(found := names.get(name, [])) == 1:
                return str(self._folder / found[0])
        return picture if picture.startswith(GS) else None


def _files(folder: Path) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = Path(parent).relative_to(folder)
        yield from ((below / name).as_posix() for name in sorted(names) if not name.startswith("."))
