"""Standard output and standard error, wherever they lead: terminals, files, pipes that nobody reads any more."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "deploy.sh"
STDOUT, STDERR = 1, 2


def open_missing() -> None:
    """Lead closed streams nowhere, before a file takes their number and commands read or write that.

    Bash has done so with the script that it reads, and left it open.
    """
    script = os.stat(SCRIPT)
    for number in range(3):
        with suppress(OSError):
            if not os.path.samestat(os.fstat(number), script):
                continue
        _lead_nowhere(number)


def show(line: str) -> None:
    """Write a line of what was asked for."""
    write(STDOUT, os.fsencode(f"{line}\n"))


def say(line: str) -> None:
    """Write a line about what is going on."""
    write(STDERR, os.fsencode(f"{line}\n"))


def write(stream: int, data: bytes) -> None:
    """Write all of it, at once and where the stream is; OSError where that cannot be, as on a disk that is full."""
    try:
        while data:
            data = data[os.write(stream, data) :]
    except BrokenPipeError:
        # Whoever read it has seen enough, as `head` has. What was begun goes on: half a deployment is worse.
        _lead_nowhere(stream)


def _lead_nowhere(stream: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere == stream:  # it was closed
        os.set_inheritable(stream, True)
    else:
        os.dup2(nowhere, stream)
        os.close(nowhere)
