"""Pictures in a folder that has one folder for each class."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from evaluation.errors import BadLabels
from evaluation.picture import MOST_PICTURES, LabelledPicture


def read(folder: Path) -> list[LabelledPicture]:
    """All files below the folders, in the order of their names; hidden ones are no pictures. Raises BadLabels."""
    classes = sorted(path for path in folder.iterdir() if path.is_dir() and not _is_hidden(path.name))
    if not classes:
        raise BadLabels(
            str(folder), "there are no folders in it. Make one for each label, named as it is, for its pictures."
        )
    pictures = (LabelledPicture(path, (label.name,)) for label in classes for path in _files(label))
    found = list(islice(pictures, MOST_PICTURES + 1))
    if len(found) > MOST_PICTURES:
        raise BadLabels(str(folder), f"there are more than {MOST_PICTURES:,} files in it. Take a sample of them.")
    return found


def _files(folder: Path) -> Iterator[str]:
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        yield from (os.path.join(at, name) for name in sorted(names) if not _is_hidden(name))


def _is_hidden(name: str) -> bool:
    return name.startswith(".")
