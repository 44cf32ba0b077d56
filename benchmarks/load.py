"""Load on a server from `hey` (Debian: apt install hey), which notes how long each answer took."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

from benchmarks.rounds import MILLISECONDS
from benchmarks.servers import Running

TOOL = "hey"


@dataclass(frozen=True)
class Answers:
    """What came back from one run; latencies in milliseconds, by rising length.

    processor_seconds: what the server computed meanwhile, which busy neighbours hardly change.
    """

    latencies: tuple[float, ...]
    seconds: float
    processor_seconds: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    @property
    def work(self) -> float:
        """Milliseconds of a processor for an answer."""
        return self.processor_seconds / len(self.latencies) * MILLISECONDS

    def percentile(self, percent: int) -> float:
        """The latency that so many of a hundred answers did not exceed."""
        return self.latencies[min(len(self.latencies) - 1, len(self.latencies) * percent // 100)]


def is_installed() -> bool:
    """Whether there is the tool."""
    return shutil.which(TOOL) is not None


def send(server: Running, picture: bytes, connections: int, *, seconds: int) -> Answers:
    """Ask over so many connections at once for so long; RuntimeError when one answer is not 200."""
    return _run(server, picture, connections, ["-z", f"{seconds}s"])


def send_times(server: Running, picture: bytes, connections: int, *, times: int) -> Answers:
    """Ask so many times in all."""
    return _run(server, picture, connections, ["-n", str(times)])


def _run(server: Running, picture: bytes, connections: int, amount: list[str]) -> Answers:
    with tempfile.NamedTemporaryFile() as body:
        body.write(server.server.wrap(picture))
        body.flush()
        asked = ["-m", "POST", "-T", server.server.kind, "-D", body.name, server.url]
        command = [TOOL, "-o", "csv", "-c", str(connections), *amount, *asked]
        before = server.processor_seconds()
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        computed = server.processor_seconds() - before
    rows = list(csv.DictReader(io.StringIO(printed)))
    wrong = [row["status-code"] for row in rows if row["status-code"] != "200"]
    if wrong or not rows:
        raise RuntimeError(f"{server.server.name}: {len(wrong)} of {len(rows)} answers were not 200: {set(wrong)}")
    ends = [float(row["offset"]) + float(row["response-time"]) for row in rows]
    latencies = sorted(float(row["response-time"]) * MILLISECONDS for row in rows)
    return Answers(tuple(latencies), max(ends), computed)
