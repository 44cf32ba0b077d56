"""Dollars for a million pictures: the seconds and the memory of one picture at the platform's published prices.

Prices of Cloud Run functions, https://cloud.google.com/run/pricing, Tier 1 regions, request-based billing, without the
free tier, as last looked up on PRICES_OF. Time is billed in steps of 100 ms while an instance answers anything; many
requests one behind the other fill their steps, which `busy` supposes, and lone ones do not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from benchmarks import load, pictures, servers
from benchmarks.models import MOBILENET
from benchmarks.rounds import MILLISECONDS, OURS, Comparison, alternate
from benchmarks.servers import Running

PRICES_OF = "2026-11-24"
DOLLARS_A_CPU_SECOND = 0.000024
DOLLARS_A_GIB_SECOND = 0.0000025
DOLLARS_A_MILLION_REQUESTS = 0.40
STEP = 0.1  # seconds
MEMORY = {OURS: 0.5, "TensorFlow function": 1.0}
"""GiB of the smallest usual instance that holds the function with a 12 MP picture; each has one processor."""

MILLION = 1_000_000
ROUNDS = 5
REQUESTS = 50


def measure(rounds: int | None = None) -> Iterator[Comparison]:
    """MobileNetV2: small and large pictures, lone and in a row."""
    rounds = rounds or ROUNDS
    ours, tensorflow = servers.ours(OURS, MOBILENET), servers.tensorflow(MOBILENET)
    with servers.running(ours) as first, servers.running(tensorflow) as second:
        for name, size in (("640 x 480", pictures.SMALL), ("12 MP", pictures.LARGE)):
            yield from _measure([first, second], f"{name} JPEG", pictures.jpeg(*size), rounds)


def _measure(started: list[Running], case: str, picture: bytes, rounds: int) -> Iterator[Comparison]:
    for server in started:
        server.wait_for_answer(picture)
    asking = {server.server.name: partial(_processor_seconds, server, picture) for server in started}
    taken = alternate(asking, rounds)
    for billing, billed in (("busy", float), ("lone requests", _whole_steps)):
        dollars = {name: tuple(_dollars(name, billed(seconds)) for seconds in times) for name, times in taken.items()}
        yield Comparison("Cost of a million pictures", f"MobileNetV2, {case}, {billing}", "$", dollars)


def _processor_seconds(server: Running, picture: bytes) -> float:
    """What one answer takes an instance with one processor."""
    return load.send_times(server, picture, 1, times=REQUESTS).work / MILLISECONDS


def _whole_steps(seconds: float) -> float:
    return math.ceil(seconds / STEP) * STEP


def _dollars(contestant: str, seconds: float) -> float:
    """For a million requests that take so long each."""
    a_second = DOLLARS_A_CPU_SECOND + MEMORY[contestant] * DOLLARS_A_GIB_SECOND
    return MILLION * seconds * a_second + DOLLARS_A_MILLION_REQUESTS
