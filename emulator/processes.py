"""The functions as real server processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
SECONDS_TO_START = 30


def free_port() -> int:
    """A port of loopback on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_function(
    target: str,
    settings: Mapping[str, str],
    *,
    folder: Path = ROOT,
    python: Path = Path(sys.executable),
) -> Iterator[str]:
    """Start `functions-framework --target target` in `folder`, wait until it listens, yield its address, end it."""
    with function_process(target, settings, folder=folder, python=python) as (_, port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def function_process(
    target: str,
    settings: Mapping[str, str],
    *,
    folder: Path = ROOT,
    python: Path = Path(sys.executable),
    stdout: int | None = None,
    memory: int | None = None,
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The same, yielding the process and its port; with `memory` it has so many bytes of address space."""
    port = free_port()
    command = [str(python), "-m", "functions_framework", "--target", target, "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    if memory:
        command = ["prlimit", f"--as={memory}", *command]
    process = subprocess.Popen(command, cwd=folder, env=environment | dict(settings), stdout=stdout)
    try:
        _wait_until_listening(port, process)
        yield process, port
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def _wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended at once, with exit code {process.returncode}")
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port} after {SECONDS_TO_START} seconds")
