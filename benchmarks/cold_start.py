"""Seconds from the start of a process to its first answer with labels, through functions-framework's server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from benchmarks import pictures, servers
from benchmarks.models import MOBILENET
from benchmarks.rounds import OURS, Comparison, alternate
from benchmarks.servers import Server

ROUNDS = 15


def measure(rounds: int | None = None) -> Iterator[Comparison]:
    """MobileNetV2 and a small JPEG."""
    rounds = rounds or ROUNDS
    contestants = [servers.ours(OURS, MOBILENET), servers.floor(MOBILENET), servers.tensorflow(MOBILENET)]
    starts = {server.name: _start(server) for server in contestants}
    alternate(starts, 1)  # the files are in memory, and the bytecode is written, from now on
    yield Comparison("Cold start", "first answer, MobileNetV2", "s", alternate(starts, rounds))


def _start(server: Server) -> Callable[[], float]:
    picture = pictures.jpeg(*pictures.SMALL)

    def seconds() -> float:
        begin = time.perf_counter()
        with servers.running(server) as started:
            answer = started.wait_for_answer(picture)
            taken = time.perf_counter() - begin
        assert b"label" in answer, answer
        return taken

    return seconds
