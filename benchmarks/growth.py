"""How time and memory grow with pictures, with instances of a request, with objects, and with requests."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from math import sqrt

import numpy as np

from benchmarks import load, pictures, servers
from benchmarks.models import DIGIT_NETWORK, MOBILENET
from benchmarks.peak import peak
from benchmarks.rounds import OURS, Comparison, alternate, timed
from benchmarks.servers import Running
from benchmarks.uploads import measure as measure_uploads
from predictor import Classifier

ROUNDS = 5
HEADING = "Growth"
MEGAPIXELS = (0.1, 0.3, 1, 3, 12, 25, 50)
INSTANCES = (1, 4, 16, 64)
REQUESTS = 10_000
WARMING = 1_000


def measure(rounds: int | None = None) -> Iterator[Comparison]:
    """Each kind of growth; the digits example for the number of requests."""
    rounds = rounds or ROUNDS
    yield from _network_alone(rounds)
    with servers.running(servers.ours(OURS, MOBILENET)) as server:
        server.wait_for_answer(pictures.jpeg(*pictures.SMALL))
        for megapixels in MEGAPIXELS:
            yield from _latency_and_peak(server, f"a {megapixels} MP JPEG", _photograph(megapixels), rounds)
    inference = replace(servers.ours(OURS, MOBILENET), path="/v1/models/default:predict", kind="application/json")
    with servers.running(inference) as server:
        server.wait_for_answer(_instances(1))
        for count in INSTANCES:
            yield from _latency_and_peak(server, f"{count} instances", _instances(count), rounds)
    yield from measure_uploads(rounds)
    yield _after_many()


def _photograph(megapixels: float) -> bytes:
    height = round(sqrt(megapixels * 1e6 * 3 / 4))
    return pictures.jpeg(round(height * 4 / 3), height)


def _network_alone(rounds: int) -> Iterator[Comparison]:
    """What is left when the picture is decoded: resizing and the network."""
    classifier = Classifier.load(MOBILENET.exported)
    calls: dict[str, Callable[[], float]] = {}
    for megapixels in MEGAPIXELS:
        side = round(sqrt(megapixels * 1e6))
        pixels = np.zeros((side, side, 3), np.uint8)
        calls[f"{megapixels} MP"] = timed(partial(classifier.scores, pixels), 5)
    alternate(calls, 2)
    for name, values in alternate(calls, rounds).items():
        yield Comparison(HEADING, f"resizing and network, {name}", "ms", {OURS: values})


def _instances(count: int) -> bytes:
    encoded = base64.b64encode(pictures.jpeg(*pictures.SMALL)).decode()
    return json.dumps({"instances": [{"image_bytes": {"b64": encoded}}] * count}).encode()


def _latency_and_peak(server: Running, case: str, body: bytes, rounds: int) -> Iterator[Comparison]:
    with peak(server) as reached:
        server.ask(body)
    values = alternate({OURS: timed(lambda: server.ask(body))}, rounds)
    yield Comparison(HEADING, f"{case}: latency", "ms", values)
    yield Comparison(HEADING, f"{case}: peak memory above what was held before", "MB", {OURS: (reached.above,)})


def _after_many() -> Comparison:
    """What the server holds more after many requests than after the first thousand."""
    picture = pictures.jpeg(*pictures.SMALL)
    with servers.running(servers.ours(OURS, DIGIT_NETWORK)) as server:
        server.wait_for_answer(picture)
        load.send_times(server, picture, 4, times=WARMING)
        before = server.resident()
        load.send_times(server, picture, 4, times=REQUESTS)
        more = server.resident() - before
    return Comparison(HEADING, f"held more after {REQUESTS:,} requests", "MB", {OURS: (more,)})
