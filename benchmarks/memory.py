"""Megabytes that the processes of a function hold: when started, after one answer, at most for large pictures."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks import pictures, servers
from benchmarks.models import MOBILENET
from benchmarks.peak import peak
from benchmarks.rounds import OURS, Comparison, alternate
from benchmarks.servers import MEGABYTE, Server

ROUNDS = 3
HEADING = "Memory"
LARGE_SIDES = {"12 MP": pictures.LARGE, "50 MP": (8660, 5773)}


def measure(rounds: int | None = None) -> Iterator[Comparison]:
    """MobileNetV2: the function, the floor and TensorFlow."""
    rounds = rounds or ROUNDS
    functions = (servers.ours(OURS, MOBILENET), servers.floor(MOBILENET), servers.tensorflow(MOBILENET))
    kept: dict[str, dict[str, list[float]]] = {}
    alternate({server.name: partial(_observe, server, kept) for server in functions}, rounds)
    for case in kept[OURS]:
        values = {name: tuple(cases[case]) for name, cases in kept.items() if case in cases}
        yield Comparison(HEADING, f"MobileNetV2, {case}", "MB", values)


def _observe(server: Server, kept: dict[str, dict[str, list[float]]]) -> float:
    """Note all cases of one process; the floor does not look at pictures, so that their size says nothing."""
    cases = kept.setdefault(server.name, {})

    def note(case: str, megabytes: float) -> None:
        cases.setdefault(case, []).append(megabytes)

    with servers.running(server) as started:
        started.wait_until_up()
        note("when it is up", started.resident())
        started.ask(pictures.jpeg(*pictures.SMALL))
        resident = started.resident()
        note("after the first answer", resident)
        for name, (width, height) in LARGE_SIDES.items() if server != servers.floor(MOBILENET) else ():
            decoded = width * height * 3 / MEGABYTE
            with peak(started) as reached:
                started.ask(pictures.jpeg(width, height))
            note(f"peak for a {name} JPEG, above what was held before", reached.above)
            note(f"the same for {name}, less its {decoded:.0f} MB of pixels", reached.above - decoded)
    return resident
