"""A process of its own for what libraries in C do with a stranger's file: it may end the process, or have no end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LONGEST = 120
"""Seconds that a trial may take."""
MOST_MEMORY = 8 << 30
"""Bytes that it may take meanwhile."""


def run(module: str, path: Path) -> str | None:
    """Call the `attempt` of a module with a path; None where it ends well, else what it printed against the file.

    Raises TimeoutError where it does not end in time.
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    program = f"import sys; from {module} import attempt; attempt(sys.argv[1])"
    command = [sys.executable, "-c", program, str(path)]
    try:
        tried = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LONGEST)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error
    return tried.stdout.strip() if tried.returncode else None


def limit_memory() -> None:
    """Let this process take no more than MOST_MEMORY, where the system can see to it."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
