"""A Keras file, looked at in a process of its own: HDF5 that is damaged can end a process, or keep it for ever."""

from __future__ import annotations

import json
import os
from pathlib import Path

from export import errors
from export.errors import CannotOpen, Damaged
from export.source import trial_process


def check(path: Path) -> None:
    """Raises what `contents.check` raises, and Damaged where that comes to no end or ends the process."""
    try:
        said = trial_process.run(__name__, path)
    except TimeoutError as error:
        raise Damaged(path, f"its weights cannot be read within {trial_process.LONGEST} seconds") from error
    if said is not None:
        raise _error(path, said)


def attempt(path: str) -> None:
    """Look at a file, and end this process with what there is against it."""
    from export.importers.keras import contents

    trial_process.limit_memory()
    try:
        contents.check(Path(path))
    except CannotOpen as error:
        print(json.dumps([type(error).__name__, error.reason]), flush=True)
        os._exit(1)  # what HDF5 does when it is shut down is part of what may have no end
    os._exit(0)


def _error(path: Path, said: str) -> CannotOpen:
    if not said:
        return Damaged(path, "HDF5 breaks off over it")
    name, reason = json.loads(said)
    kind: type[CannotOpen] = getattr(errors, name)
    error = kind.__new__(kind)
    CannotOpen.__init__(error, path, reason)
    return error
