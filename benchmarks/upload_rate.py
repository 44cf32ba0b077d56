"""Uploads a second of `classify_upload` on one processor, with a Cloud Storage that takes its time for each call.

The function is as `deploy.sh` deploys it, but for how many uploads it takes at a time. Senders are as many, as on Cloud
Run. Cloud Storage and the senders have the other processors.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial

from benchmarks import pictures, servers
from benchmarks.cost import DOLLARS_A_CPU_SECOND, DOLLARS_A_GIB_SECOND, DOLLARS_A_MILLION_REQUESTS, MILLION
from benchmarks.peak import peak
from benchmarks.rounds import MILLISECONDS, OURS, Comparison, alternate
from benchmarks.servers import MEGABYTE, Running, Server
from benchmarks.uploads import function, send
from emulator import CloudStorage, Stall
from emulator.events import Event, finalized_event

HEADING = "Uploads at a time"
ROUNDS = 5
SHOWN = {
    "rates": ("pictures", "a second"),
    "medians": ("median of a delivery", "ms"),
    "slowest": ("99th percentile of a delivery", "ms"),
    "work": ("processor time of a delivery", "ms"),
    "memory": ("memory", "MB"),
}
"""What is shown of the fields of Observed, with the unit."""
CALL = 0.05  # seconds that Cloud Storage takes for each
AT_ONCE = (2, 8, 16)
DEPLOYED = 8  # at a time
DELIVERIES = 240  # a round
WORST_SIDE = 6000  # pixels: 36 megapixels, which `deploy.sh` allows
INSTANCE_GIB = 2  # that `deploy.sh` deploys with
DOLLARS_A_WRITE, DOLLARS_A_READ = 0.005 / 1000, 0.0004 / 1000
"""https://cloud.google.com/storage/pricing, Standard storage in one region, looked up when the prices of time were."""


@dataclass
class Observed:
    """What one way of deploying gave, a value a round; latencies in milliseconds, memory in megabytes."""

    rates: list[float] = field(default_factory=list)
    medians: list[float] = field(default_factory=list)
    slowest: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


def measure(rounds: int | None = None) -> Iterator[Comparison]:
    """MobileNetV2 on small JPEGs, and the memory of the worst pictures."""
    observed = {_name(at_once): Observed() for at_once in AT_ONCE}
    calls = {_name(at_once): partial(_observe, at_once, observed[_name(at_once)]) for at_once in AT_ONCE}
    alternate(calls, rounds or ROUNDS)
    case = f"MobileNetV2, 640 x 480 JPEG, {CALL * MILLISECONDS:.0f} ms a storage call, one processor"
    for what, (title, unit) in SHOWN.items():
        values = {name: tuple(getattr(found, what)) for name, found in observed.items()}
        yield Comparison(HEADING, f"{case}: {title}", unit, values)
    worst = {_name(at_once): (_worst(at_once),) for at_once in AT_ONCE}
    yield Comparison(HEADING, "36-megapixel WebP, as many at a time: most memory", "MB", worst)
    yield from _cost(observed)


def _cost(observed: dict[str, Observed]) -> Iterator[Comparison]:
    heading = "Cost of a million uploads"
    a_second = DOLLARS_A_CPU_SECOND + INSTANCE_GIB * DOLLARS_A_GIB_SECOND
    compute = {name: tuple(MILLION / rate * a_second for rate in found.rates) for name, found in observed.items()}
    yield Comparison(heading, "time of instances that are busy", "$", compute)
    for case, dollars in (
        ("requests", DOLLARS_A_MILLION_REQUESTS),
        ("Cloud Storage: a read and a write each", MILLION * (DOLLARS_A_READ + DOLLARS_A_WRITE)),
    ):
        yield Comparison(heading, case, "$", dict.fromkeys(observed, (dollars,)))


def _name(at_once: int) -> str:
    return OURS if at_once == DEPLOYED else f"{at_once} at a time"


def _observe(at_once: int, observed: Observed) -> float:
    """One round: a server of its own, so that each begins with the same memory."""
    with _served(at_once) as (storage, server):
        events = [_uploaded(storage, f"{number}.jpg", pictures.jpeg(*pictures.SMALL)) for number in range(DELIVERIES)]
        for event in events[:at_once]:  # loads the model, and makes connections
            send(server, event)
        began, worked = time.perf_counter(), server.processor_seconds()
        latencies = sorted(_delivered(server, events, at_once))
        observed.rates.append(DELIVERIES / (time.perf_counter() - began))
        observed.work.append((server.processor_seconds() - worked) / DELIVERIES * MILLISECONDS)
        observed.memory.append(server.resident())
    observed.medians.append(latencies[DELIVERIES // 2])
    observed.slowest.append(latencies[DELIVERIES * 99 // 100])
    return observed.rates[-1]


def _worst(at_once: int) -> float:
    """Megabytes at most, of the process that works."""
    picture = _worst_picture()
    with _served(at_once) as (storage, server):
        events = [_uploaded(storage, f"{number}.webp", picture) for number in range(at_once + 2)]
        send(server, _uploaded(storage, "first.jpg", pictures.jpeg(*pictures.SMALL)))
        before = server.processes()[-1].memory_info().rss / MEGABYTE
        with peak(server) as reached:
            list(_delivered(server, events, at_once))
        return float(before + reached.above)


@cache
def _worst_picture() -> bytes:
    file = io.BytesIO()
    pictures.photograph(WORST_SIDE, WORST_SIDE).save(file, "WEBP", quality=80, method=0)
    return file.getvalue()


def _delivered(server: Running, events: list[Event], at_once: int) -> Iterator[float]:
    """Milliseconds of each delivery, so many at a time."""

    def deliver(event: Event) -> float:
        began = time.perf_counter()
        send(server, event)
        return (time.perf_counter() - began) * MILLISECONDS

    with ThreadPoolExecutor(at_once) as pool:
        yield from pool.map(deliver, events)


def _uploaded(storage: CloudStorage, name: str, picture: bytes) -> Event:
    return finalized_event(storage.put("photos", name, picture), storage.url)


@contextmanager
def _served(at_once: int) -> Iterator[tuple[CloudStorage, Running]]:
    """A slow Cloud Storage, and the function on a processor of its own."""
    ours = os.sched_getaffinity(0)
    first, *others = sorted(ours)
    os.sched_setaffinity(0, others or {first})  # of this thread, and of those that it starts
    try:
        with CloudStorage(["photos", "results"]) as storage, servers.running(_deployed(storage.url, at_once)) as server:
            server.wait_until_up()
            for thread in [thread for process in server.processes() for thread in process.threads()]:
                os.sched_setaffinity(thread.id, {first})
            storage.faults.add(Stall(CALL), times=None)
            yield storage, server
    finally:
        os.sched_setaffinity(0, ours)


def _deployed(storage: str, at_once: int) -> Server:
    server = function(storage)
    settings = {"THREADS": str(at_once), "MALLOC_ARENA_MAX": "2", "MAX_PIXELS": str(WORST_SIDE**2)}
    return replace(server, settings={**server.settings, **settings, "TIMEOUT_SECONDS": "240"})
