"""A hash of a model's files, which tells two models apart."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

_BLOCK = 1 << 20  # bytes


def fingerprint(paths: Iterable[Path]) -> str:
    """The SHA-256, in hex, of the contents of files, with their names where there are several."""
    paths = list(paths)
    digest = hashlib.sha256()
    for path in paths:
        if len(paths) > 1:
            digest.update(path.name.encode())
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()
