"""Many uploads through a started function, each event twice, in any order and envelope, with faults.

Hostile files are among them. `make soak` takes more, and worse ones.
"""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from emulator import (
    AnswerLost,
    CloudStorage,
    CorruptBytes,
    CutStream,
    Drip,
    Event,
    Fault,
    Reset,
    Sink,
    Status,
    StoredObject,
)
from emulator.events import finalized_event
from emulator.notifications import Payload, forwarded, message, pushed, structured
from emulator.processes import running_function
from predictor import Classifier
from storage.result_version import PICTURE_STATUSES
from tests.service.upload.hostile import hostile
from tests.service.upload.pictures import SAMPLES, TEXT

OBJECTS = int(os.environ.get("SOAK_OBJECTS", "100"))
SCALE = 10 if OBJECTS > 1000 else 1  # of the hostile files
FAULTS: list[Fault] = [
    Status(503),
    Status(429),
    Reset(),
    CutStream(),
    CorruptBytes(),
    AnswerLost(),
    Drip(0.1),
    Status(403),
]
"""The last is one that only another delivery passes."""
SHARE = 0.05  # of the calls meet a fault
SECONDS_AN_OBJECT = 0.5
LONG_AGO = "2020-01-01T00:00:00.000Z"
HOSTILE = "hostile/"


def pictures(count: int) -> dict[str, bytes]:
    """Digits, each with noise of its own so that each has scores of its own; one in twenty is no picture."""
    random_ = np.random.default_rng(1)
    digits = [np.asarray(Image.open(path).convert("RGB"), np.int16) for path in sorted(SAMPLES.iterdir())]
    found = {}
    for number in range(count):
        digit = digits[number % 10]
        noisy = np.clip(digit + random_.integers(-40, 41, digit.shape), 0, 255).astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(noisy).save(file, "PNG")
        found[f"in/{number}.png"] = TEXT if number % 20 == 19 else file.getvalue()
    return found


def told(stored: StoredObject, url: str) -> Event:
    """The event of an object, in one of the envelopes; what is hostile is too old to be tried without an end."""
    if stored.name.startswith(HOSTILE):
        event = finalized_event(stored, url)
        return replace(event, headers={**event.headers, "ce-time": LONG_AGO})
    payload: Payload = "NONE" if stored.generation % 2 else "JSON_API_V1"
    makers = (
        finalized_event,
        lambda *_: pushed(message(stored, url, payload)),
        lambda *_: structured(forwarded(message(stored, url, payload))),
    )
    return makers[stored.generation % len(makers)](stored, url)


def resident_bytes(url: str) -> int:
    """The memory of the processes that serve an address."""
    port = url.rpartition(":")[2]
    listed = subprocess.run(["ps", "-ww", "-eo", "rss=,args="], capture_output=True, text=True, check=True).stdout
    return sum(int(line.split()[0]) * 1024 for line in listed.splitlines() if f"--port {port}" in line)


def says(result: bytes) -> object:
    """What a result says of its picture."""
    document = json.loads(result)
    return document.get("predictions") or document["error"]["code"]


def kind_of(said: object) -> object:
    """The code of an error, or that there are labels."""
    return "labels" if isinstance(said, list) else said


def test_soak(digits_model: Path) -> None:
    """Every object gets its one right result, none is wrong or lost; what is hostile gets a result or a record."""
    classifier = Classifier.load(digits_model)
    uploads = pictures(OBJECTS)
    bad = {f"{HOSTILE}{name}": data for name, data in hostile(SCALE).items()}
    chance = random.Random(2)
    settings = {"MODEL": str(digits_model), "RESULTS": "gs://results/labels", "TIMEOUT_SECONDS": "10"}
    with CloudStorage(["photos", "results"]) as storage:
        rules = [
            storage.faults.add(fault, times=None, chance=lambda: chance.random() < SHARE / len(FAULTS))
            for fault in FAULTS
        ]
        settings["STORAGE_EMULATOR_HOST"] = storage.url
        with running_function("classify_upload", settings) as url:
            sink = storage.deliver("photos", Sink(url, copies=2, hold=True, parallel=8, tries=20), told)
            for name, data in (uploads | bad).items():
                storage.put("photos", name, data, "image/png")
            started = time.monotonic()
            sink.release(seed=3)
            memory = []
            while not sink.is_done():
                memory.append(resident_bytes(url))
                time.sleep(0.5)
            deliveries = sink.wait((OBJECTS + len(bad)) * SECONDS_AN_OBJECT)
            seconds = time.monotonic() - started
        stored = {name: storage.get("results", name) for name in storage.names("results")}
    found = {name: says(result.data) for name, result in stored.items() if result}
    ends = {name: found.pop(place) for name in bad if (place := f"labels/photos/{name}.json") in found}
    results = found
    expected = {
        f"labels/photos/{name}.json": 415 if data == TEXT else [vars(found) for found in classifier.classify(data)]
        for name, data in uploads.items()
    }
    retried = sum(len(delivery.statuses) > 1 for delivery in deliveries)
    right = sum(results.get(name) == wanted for name, wanted in expected.items())
    lost = len(expected.keys() - results.keys())
    first, most, last = (value / 1e6 for value in (memory[0], max(memory), memory[-1]))
    print(f"\n{OBJECTS} objects, {len(deliveries)} deliveries in {seconds:.1f} s, {retried} of them more than once")
    print(f"{sum(rule.hits for rule in rules)} of {len(storage.requests)} storage calls met a fault")
    print(f"{right} right, {len(expected) - right - lost} wrong, {lost} lost")
    print(
        f"{len(ends)} of {len(bad)} hostile files have a result or record: {dict(Counter(map(kind_of, ends.values())))}"
    )
    print(f"memory {first:.0f} MB at first, {most:.0f} MB at most, {last:.0f} MB at last")
    assert all(delivery.accepted for delivery in deliveries)
    assert results == expected
    assert ends.keys() == bad.keys()
    # An old event whose deliveries all meet a fault has the record of one: 403 where that was a refusal.
    assert not [name for name, end in ends.items() if kind_of(end) not in ("labels", 403, 503, *PICTURE_STATUSES)]
    assert min(memory) > 0
    assert any(rule.hits for rule in rules)
