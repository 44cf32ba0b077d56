"""Many clients at once with good and bad bodies against a started function; run as `make load`.

Says what was answered and how fast, the worker's memory first and last, and how it ended when it was told to stop
while clients still asked.
"""

from __future__ import annotations

import argparse
import http.client
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from emulator.processes import ROOT, function_process

SAMPLES = sorted((ROOT / "examples" / "digits" / "samples").glob("*.png"))
WARM_UP = 1 / 3  # of the time, before memory is looked at first
PATIENCE = 60  # seconds for one answer
SECONDS_FOR_A_WORKER = 10


@dataclass(frozen=True)
class Body:
    """A request's body, and the status that it has to get."""

    data: bytes
    content_type: str
    status: int


def bodies() -> list[Body]:
    """As many good ones as bad ones."""
    pictures = [path.read_bytes() for path in SAMPLES]
    good = [Body(data, "image/png", 200) for data in pictures]
    bad = [
        Body(b"milk, eggs", "text/plain", 415),
        Body(b"", "image/png", 400),
        Body(pictures[0][: len(pictures[0]) // 2], "image/png", 400),
        Body(b'{"instances": [{"content": "%"}]}', "application/json", 400),
        Body(b'{"instances": ' + b"[" * 1000, "application/json", 400),
        Body(b'{"calls": [[1], [2]]}', "application/json", 200),
        Body(b"--x--", "multipart/form-data; boundary=x", 400),
        Body(bytes(33 << 20), "application/octet-stream", 413),
    ]
    return good * 10 + bad * 12


@dataclass
class Report:
    """What the clients saw; times in milliseconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    refused: int = 0
    rss_first: int = 0
    rss_last: int = 0
    exit_code: int | None = None

    def text(self) -> str:
        """The figures in lines."""
        cuts = statistics.quantiles(self.times, n=100)
        statuses = ", ".join(f"{count:,} x {status}" for status, count in sorted(self.statuses.items()))
        return "\n".join(
            [
                f"Requests    {sum(self.statuses.values()):,}: {statuses}",
                f"Wrong       {len(self.wrong)} {self.wrong[:3] or ''}",
                f"p50, p99    {cuts[49]:.0f} ms, {cuts[98]:.0f} ms",
                f"RSS         {self.rss_first:,} kB after a third of the time, {self.rss_last:,} kB at the end",
                f"After stop  {self.refused} connections refused, exit code {self.exit_code}",
            ]
        )


class Clients:
    """Threads that ask, each on a connection of its own, until they are told to end."""

    def __init__(self, port: int, count: int, report: Report) -> None:
        self._port = port
        self._report = report
        self._lock = threading.Lock()
        self._bodies = bodies()
        self._threads = [threading.Thread(target=self._run, args=(seed,), daemon=True) for seed in range(count)]
        self.stopping = threading.Event()
        self.ended = threading.Event()

    def start(self) -> None:
        """Begin to ask."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """End, once every answer is there."""
        self.ended.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _run(self, seed: int) -> None:
        chosen = random.Random(seed)
        while not self.ended.is_set():
            self._ask(chosen.choice(self._bodies))

    def _ask(self, body: Body) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            connection.connect()
        except OSError:
            self._refused()
            return
        start, is_stopping = time.perf_counter(), self.stopping.is_set()
        try:
            connection.request("POST", "/", body.data, {"Content-Type": body.content_type})
            answer = connection.getresponse()
            answer.read()
            self._answered(body, answer.status, time.perf_counter() - start)
        except (OSError, http.client.HTTPException) as error:
            # A connection that was made but not yet taken when the server stopped holds nothing in flight.
            if is_stopping or self.stopping.is_set():
                self._refused()
            else:
                self._wrong(repr(error))
        finally:
            connection.close()

    def _answered(self, body: Body, status: int, seconds: float) -> None:
        with self._lock:
            self._report.statuses[status] += 1
            self._report.times.append(1000 * seconds)
        if status != body.status:
            self._wrong(f"{status} in place of {body.status}")

    def _wrong(self, what: str) -> None:
        with self._lock:
            self._report.wrong.append(what)

    def _refused(self) -> None:
        with self._lock:
            self._report.refused += 1
        if not self.stopping.is_set():
            self._wrong("connection refused")
        time.sleep(0.05)


def rss(worker: int) -> int:
    """The memory of a process in kB."""
    status = Path(f"/proc/{worker}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def worker_of(process: subprocess.Popen[bytes]) -> int:
    """The process that answers, which begins a moment after its parent listens."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + SECONDS_FOR_A_WORKER
    while not (found := children.read_text().split()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {process.pid} has no worker after {SECONDS_FOR_A_WORKER} seconds")
        time.sleep(0.01)
    return int(found[0])


@contextmanager
def silent_function(model: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The function, whose log lines nobody reads."""
    with function_process("classify", {"MODEL": str(model)}, stdout=subprocess.DEVNULL) as (process, port):
        yield process, port


def load(model: Path, clients: int, seconds: float) -> Report:
    """Let the clients ask for some seconds, then stop the function under them."""
    report = Report()
    with silent_function(model) as (process, port):
        asking = Clients(port, clients, report)
        asking.start()
        end = time.monotonic() + seconds
        time.sleep(WARM_UP * seconds)
        report.rss_first = rss(worker_of(process))
        time.sleep(max(0.0, end - time.monotonic()))
        report.rss_last = rss(worker_of(process))
        asking.stopping.set()
        process.send_signal(signal.SIGTERM)
        report.exit_code = process.wait(PATIENCE)
        asking.join()
    return report


def main() -> None:
    """Print the figures; exit code 1 for an answer that was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    report = load(options.model, options.clients, options.seconds)
    print(report.text())
    sys.exit(bool(report.wrong))


if __name__ == "__main__":
    main()
