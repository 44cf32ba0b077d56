"""Contestants as server processes, asked over HTTP on loopback."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import psutil

from benchmarks.models import ROOT, Network
from emulator.processes import free_port

CONTESTANTS = Path(__file__).parent / "contestants"
DEVELOPED = Path(sys.executable)
DEPLOYED = ROOT / ".venv-runtime" / "bin" / "python"
PEERS = ROOT / ".venv-bench" / "bin" / "python"
THREADS_A_PROCESSOR = 2  # as deploy.sh has it
SECONDS_TO_ANSWER = 60
SECONDS_TO_END = 20
MEGABYTE = 1e6


@dataclass(frozen=True)
class Server:
    """How to start one contestant; `{port}` in the command is filled in.

    folder: where it is started. path, kind, wrap: where it takes pictures, and in what form.
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    path: str = "/"
    kind: str = "image/jpeg"
    wrap: Callable[[bytes], bytes] = bytes


@dataclass(frozen=True)
class Running:
    """A started server."""

    server: Server
    process: psutil.Popen
    port: int

    @property
    def url(self) -> str:
        """Where it takes pictures."""
        return f"http://127.0.0.1:{self.port}{self.server.path}"

    def ask(self, picture: bytes) -> bytes:
        """The answer to one picture; ConnectionError while nothing listens, RuntimeError for all but 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS_TO_ANSWER)
        connection.request("POST", self.server.path, self.server.wrap(picture), {"Content-Type": self.server.kind})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{self.server.name} answered {answer.status}: {body[:200]!r}")
        return body

    def wait_until_up(self) -> None:
        """Wait until a function is imported: functions-framework itself answers for robots, without the model."""
        self._repeat(self._ask_for_robots)

    def wait_for_answer(self, picture: bytes) -> bytes:
        """Ask until the server answers with 200."""
        return self._repeat(partial(self.ask, picture))

    def _ask_for_robots(self) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS_TO_ANSWER)
        connection.request("GET", "/robots.txt")
        answer = connection.getresponse().read()
        connection.close()
        return answer

    def _repeat(self, call: Callable[[], bytes]) -> bytes:
        deadline = time.monotonic() + SECONDS_TO_ANSWER
        while True:
            try:
                return call()
            except (ConnectionError, http.client.BadStatusLine, RuntimeError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.002)

    def processes(self) -> list[psutil.Process]:
        """The server with all processes that it started."""
        return [self.process, *self.process.children(recursive=True)]

    def resident(self) -> float:
        """Megabytes of memory that all its processes hold; pages that they share count once."""
        return float(sum(process.memory_full_info().pss for process in self.processes())) / MEGABYTE

    def processor_seconds(self) -> float:
        """Seconds that all its processes have computed so far."""
        return float(sum(sum(process.cpu_times()[:2]) for process in self.processes()))


@contextmanager
def running(server: Server, *, quiet: bool = True) -> Iterator[Running]:
    """Start a server, and end it and all that it started."""
    port = free_port()
    command = [part.replace("{port}", str(port)) for part in server.command]
    settings = {name: value.replace("{port}", str(port)) for name, value in server.settings.items()}
    output = subprocess.DEVNULL if quiet else None
    process = psutil.Popen(command, cwd=server.folder, env=_environment() | settings, stdout=output, stderr=output)
    started = Running(server, process, port)
    try:
        yield started
    finally:
        _end(started)


def _environment() -> dict[str, str]:
    """Ours without Python's own settings; onnxruntime must not report to its makers while it is measured."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"ORT_DISABLE_TELEMETRY": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


def _end(server: Running) -> None:
    processes = server.processes() if server.process.is_running() else []
    server.process.terminate()
    _, left = psutil.wait_procs(processes, SECONDS_TO_END)
    for process in left:
        process.kill()


def function(name: str, folder: Path, python: Path, settings: Mapping[str, str]) -> Server:
    """A function on functions-framework's production server."""
    command = (str(python), "-m", "functions_framework", "--target", "classify", "--port", "{port}")
    return Server(name, command, folder, settings)


def ours(name: str, network: Network) -> Server:
    """Our own function, with what is installed when it is deployed; it answers five labels, as the others do."""
    settings = {"MODEL": str(network.exported), "THREADS": str(THREADS_A_PROCESSOR * len(os.sched_getaffinity(0)))}
    return replace(function(name, ROOT, DEPLOYED, settings), path="/?top_k=5")


def floor(network: Network) -> Server:
    """A function that only runs the exported file, on pixels that are there already."""
    settings = {"MODEL": str(network.exported)}
    return function("floor: onnxruntime alone", CONTESTANTS / "floor_function", DEPLOYED, settings)


def tensorflow(network: Network) -> Server:
    """The same function written with TensorFlow."""
    folder = CONTESTANTS / "tensorflow_function"
    return function("TensorFlow function", folder, DEVELOPED, {"MODEL": str(network.saved_model)})
