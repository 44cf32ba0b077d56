"""A Keras file, looked at in a process of its own: HDF5 that is damaged can end a process, or keep it for ever."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from export import errors
from export.errors import CannotOpen, Damaged

LONGEST = 120
"""Seconds that looking at a file and reading its weights may take."""
MOST_MEMORY = 8 << 30
"""Bytes that it may take meanwhile."""

_TRY = "import sys; from export.importers.keras import trial; trial.attempt(sys.argv[1])"


def check(path: Path) -> None:
    """Raises what `contents.check` raises, and Damaged where that comes to no end or ends the process."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", _TRY, str(path)]
    try:
        tried = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LONGEST)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise Damaged(path, f"its weights cannot be read within {LONGEST} seconds") from error
    if tried.returncode:
        raise _error(path, tried.stdout.strip())


def attempt(path: str) -> None:
    """Look at a file, and end this process with what there is against it."""
    from export.importers.keras import contents

    _limit_memory()
    try:
        contents.check(Path(path))
    except CannotOpen as error:
        print(json.dumps([type(error).__name__, error.reason]), flush=True)
        os._exit(1)  # what HDF5 does when it is shut down is part of what may have no end
    os._exit(0)


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def _error(path: Path, said: str) -> CannotOpen:
    if not said:
        return Damaged(path, "HDF5 breaks off over it")
    name, reason = json.loads(said)
    kind: type[CannotOpen] = getattr(errors, name)
    error = kind.__new__(kind)
    CannotOpen.__init__(error, path, reason)
    return error
