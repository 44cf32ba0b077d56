"""The most memory that a server's processes held for a while, as Linux counts it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import MEGABYTE, Running

_RESET_PEAK = "5"  # what proc_pid_clear_refs(5) takes for it
_KIBIBYTE = 1024


@dataclass
class Peak:
    """Megabytes above what was held when the block began; known when it has ended."""

    above: float = 0.0


@contextmanager
def peak(server: Running) -> Iterator[Peak]:
    """The peak of the process that works: the youngest, which the server forked."""
    folder = Path("/proc") / str(server.processes()[-1].pid)
    (folder / "clear_refs").write_text(_RESET_PEAK)
    before, reached = _status(folder, "VmRSS"), Peak()
    yield reached
    reached.above = _status(folder, "VmHWM") - before


def _status(folder: Path, name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB$", (folder / "status").read_text(), re.MULTILINE)
    assert found, f"Linux does not say {name}"
    return int(found[1]) * _KIBIBYTE / MEGABYTE
