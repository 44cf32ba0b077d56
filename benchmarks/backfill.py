"""Pictures a second and memory of `python -m backfill`, beside a bare loop with the predictor in as many processes."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from itertools import count
from pathlib import Path

import psutil

from benchmarks import pictures
from benchmarks.models import DIGIT_NETWORK, MOBILENET, ROOT, Network
from benchmarks.rounds import OURS, Comparison, alternate
from benchmarks.servers import DEVELOPED, MEGABYTE
from emulator.processes import free_port

ROUNDS = 1
HEADING = "Backfill"
LOOP = "bare loop"
PYTHON = ROOT / ".venv-backfill" / "bin" / "python"
SAMPLES = ROOT / "examples" / "digits" / "samples"
FEW, MANY = 1_000, 10_000
WORKERS = (1, 2)
SECONDS_BETWEEN_LOOKS = 0.3

Command = tuple[str, ...]
_runs = count()


@dataclass(frozen=True)
class Place:
    """Where pictures are, and where their results go; what a process must know to reach it is in its environment."""

    name: str
    pictures: str
    results: str
    environment: dict[str, str]


@dataclass(frozen=True)
class Taken:
    """Seconds and megabytes of each contestant, for each round."""

    seconds: dict[str, tuple[float, ...]]
    megabytes: dict[str, tuple[float, ...]]


def measure(rounds: int | None = None) -> Iterator[Comparison]:
    """The digits example on small pictures in Cloud Storage and in a folder, MobileNetV2 on photographs."""
    rounds = rounds or ROUNDS
    samples = [path.read_bytes() for path in sorted(SAMPLES.iterdir())]
    for place in (_in_cloud_storage, _in_folder):
        yield from _growth(place, samples, rounds)
    with _in_folder([pictures.jpeg(*pictures.SMALL)], FEW) as photographs:
        for workers in WORKERS:
            taken = _take(MOBILENET, photographs, workers, rounds)
            yield from _comparisons(f"MobileNetV2, {FEW:,} JPEGs of 640 x 480", photographs, workers, FEW, taken)


def _growth(
    place: Callable[[Sequence[bytes], int], AbstractContextManager[Place]], samples: Sequence[bytes], rounds: int
) -> Iterator[Comparison]:
    """Few and many; what is between them has no start, which takes seconds, in it."""
    with place(samples, FEW) as few, place(samples, MANY) as many:
        for workers in WORKERS:
            taken = {number: _take(DIGIT_NETWORK, at, workers, rounds) for number, at in ((FEW, few), (MANY, many))}
            for number, found in taken.items():
                yield from _comparisons(f"digits, {number:,} pictures", few, workers, number, found)
            more = {
                name: tuple(b - a for a, b in zip(taken[FEW].seconds[name], taken[MANY].seconds[name], strict=True))
                for name in (OURS, LOOP)
            }
            yield _rates(f"digits, each picture after {FEW:,}, {few.name}, {workers} workers", MANY - FEW, more)


def _comparisons(what: str, place: Place, workers: int, number: int, taken: Taken) -> Iterator[Comparison]:
    case = f"{what}, {place.name}, {workers} workers"
    yield _rates(case, number, taken.seconds)
    yield Comparison(HEADING, f"{case}: peak memory of all processes", "MB", taken.megabytes)


def _rates(case: str, number: int, seconds: dict[str, tuple[float, ...]]) -> Comparison:
    rates = {name: tuple(number / each for each in values) for name, values in seconds.items()}
    return Comparison(HEADING, case, "pictures/s", rates)


def _take(network: Network, place: Place, workers: int, rounds: int) -> Taken:
    """Let both do all of it in turns, each time to a place without results."""
    megabytes: dict[str, list[float]] = {OURS: [], LOOP: []}

    def run(name: str, commands: Callable[[Network, Place, str, int], list[Command]]) -> float:
        results = f"{place.results}/{next(_runs)}"
        seconds, most = _run(commands(network, place, results, workers), place.environment)
        megabytes[name].append(most)
        return seconds

    seconds = alternate({OURS: partial(run, OURS, _ours), LOOP: partial(run, LOOP, _loops)}, rounds)
    return Taken(seconds, {name: tuple(values) for name, values in megabytes.items()})


def _ours(network: Network, place: Place, results: str, workers: int) -> list[Command]:
    command = (str(PYTHON), "-m", "backfill", "--model", str(network.exported), "--workers", str(workers))
    return [(*command, "--input", f"{place.pictures}/", "--results", results)]


def _loops(network: Network, place: Place, results: str, workers: int) -> list[Command]:
    command = (str(PYTHON), "-m", "benchmarks.contestants.bare_loop", str(network.exported), place.pictures, results)
    return [(*command, str(share), str(workers)) for share in range(workers)]


def _run(commands: list[Command], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds until all have ended, and the most megabytes that they held together; CalledProcessError when one fails.

    Pages that they share count once.
    """
    most = 0.0
    with tempfile.TemporaryFile() as said:
        start = time.monotonic()
        started = [
            psutil.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=said)
            for command in commands
        ]
        while any(process.poll() is None for process in started):
            most = max(most, sum(_held(process) for process in started))
            psutil.wait_procs(started, SECONDS_BETWEEN_LOOKS)
        seconds = time.monotonic() - start
        said.seek(0)
        for process, command in zip(started, commands, strict=True):
            if process.returncode:
                raise subprocess.CalledProcessError(process.returncode, command, stderr=said.read())
    return seconds, most


def _held(process: psutil.Process) -> float:
    """Megabytes of a process with all that it started."""
    held = 0.0
    with suppress(psutil.NoSuchProcess):  # it has ended since
        for each in (process, *process.children(recursive=True)):
            held += each.memory_full_info().pss / MEGABYTE
    return held


@contextmanager
def _in_folder(files: Sequence[bytes], number: int) -> Iterator[Place]:
    """So many pictures, each of the files in turn, in a folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "pictures"
        folder.mkdir()
        for index in range(number):
            (folder / f"{index:06}").write_bytes(files[index % len(files)])
        yield Place("folder", str(folder), f"{name}/results", {})


@contextmanager
def _in_cloud_storage(files: Sequence[bytes], number: int) -> Iterator[Place]:
    """The same in the local Cloud Storage, in a process of its own."""
    port = free_port()
    command = [str(DEVELOPED), "-m", "emulator", "--port", str(port), "--bucket", "photos"]
    with subprocess.Popen([*command, "--bucket", "results"], cwd=ROOT, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()  # it says when it listens
        connection = HTTPConnection("127.0.0.1", port)
        for index in range(number):
            path = f"/upload/storage/v1/b/photos/o?uploadType=media&name={index:06}"
            connection.request("POST", path, files[index % len(files)])
            connection.getresponse().read()
        connection.close()
        environment = {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}"}
        yield Place("local Cloud Storage", "gs://photos", "gs://results", environment)
        server.terminate()
