"""Requests a second and latencies at 1, 4 and 16 connections, with everyone on the same machine as the sender."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

from benchmarks import load, pictures, servers
from benchmarks.models import MOBILENET
from benchmarks.peers import PEER_SERVERS
from benchmarks.rounds import OURS, Comparison, alternate
from benchmarks.servers import Running
from predictor import Classifier

ROUNDS = 7
SECONDS = 4
CONNECTIONS = (1, 4, 16)
IN_PROCESS = "this project, in process"
HEADING = "Over HTTP"
FIGURES: tuple[tuple[str, str, Callable[[load.Answers], float]], ...] = (
    ("p50", "ms", lambda answers: answers.percentile(50)),
    ("p99", "ms", lambda answers: answers.percentile(99)),
    ("p99 ÷ p50", "", lambda answers: answers.percentile(99) / answers.percentile(50)),
    ("processor time an answer", "ms", lambda answers: answers.work),
)


def measure(rounds: int | None = None) -> Iterator[Comparison]:
    """MobileNetV2 and a small JPEG."""
    rounds = rounds or ROUNDS
    picture = pictures.jpeg(*pictures.SMALL)
    functions = (servers.ours(OURS, MOBILENET), servers.floor(MOBILENET), servers.tensorflow(MOBILENET))
    with ExitStack() as stack:
        started = [stack.enter_context(servers.running(server)) for server in (*functions, *PEER_SERVERS)]
        for server in started:
            server.wait_for_answer(picture)
            load.send(server, picture, max(CONNECTIONS), seconds=1)
        for connections in CONNECTIONS:
            yield from _measure(started, picture, connections, rounds)


def _measure(started: list[Running], picture: bytes, connections: int, rounds: int) -> Iterator[Comparison]:
    answers: dict[str, list[load.Answers]] = {}
    contestants = {server.server.name: partial(_ask, server, picture, connections, answers) for server in started}
    in_process = {IN_PROCESS: _in_process(picture, connections)}
    case = f"{connections} connections"
    yield Comparison(HEADING, case, "requests/s", alternate(contestants | in_process, rounds))
    for what, unit, figure in FIGURES:
        yield Comparison(HEADING, f"{case}: {what}", unit, {n: tuple(map(figure, each)) for n, each in answers.items()})


def _ask(server: Running, picture: bytes, connections: int, answers: dict[str, list[load.Answers]]) -> float:
    answered = load.send(server, picture, connections, seconds=SECONDS)
    answers.setdefault(server.server.name, []).append(answered)
    return answered.rate


def _in_process(picture: bytes, threads: int) -> Callable[[], float]:
    """Pictures a second from so many threads."""
    classifier = Classifier.load(MOBILENET.exported)

    def rate() -> float:
        end = time.perf_counter() + SECONDS

        def count() -> int:
            done = 0
            while time.perf_counter() < end:
                classifier.classify(picture, top_k=5)
                done += 1
            return done

        with ThreadPoolExecutor(threads) as pool:
            return sum(pool.map(lambda _: count(), range(threads))) / SECONDS

    return rate
