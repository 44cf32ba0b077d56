"""The fault matrix: every fault, at every storage call, once and for longer than there is time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import pytest
from flask.testing import FlaskClient

from emulator import (
    AnswerLost,
    Callback,
    CloudStorage,
    CorruptBytes,
    CutStream,
    Drip,
    Fault,
    Operation,
    Reset,
    Stall,
    Status,
)
from emulator.events import Event, finalized_event
from emulator.notifications import message, pushed
from tests.service.upload.conftest import Start
from tests.service.upload.pictures import SEVEN, TEXT, THREE, deliver, uploaded

Step = Literal["describe", "read", "write", "look", "annotate", "copy"]
Duration = Literal["once", "lasting"]
RESULT, COPY = "labels/photos/{}.png.json", "look/photos/{}.png"
OPERATIONS: dict[Step, tuple[Operation, str, str]] = {
    "describe": ("read_metadata", "photos", "{}.png"),  # of a notification that names the object alone
    "read": ("read_media", "photos", "{}.png"),
    "write": ("write", "results", RESULT),
    "look": ("read_metadata", "photos", "{}.png"),  # before the metadata are changed
    "annotate": ("patch", "photos", "{}.png"),
    "copy": ("copy", "failed", COPY),  # of what is no picture
}
SECONDS: dict[Duration, float] = {"once": 6.0, "lasting": 1.2}
SLACK = 1.0  # seconds more than it may take, on a busy machine
STALL = 60.0  # seconds, longer than the time for an event
DRIP = 0.3  # seconds between two bytes, of which any answer has more than there is time for

FAULTS: dict[str, Fault] = {
    "429": Status(429),
    "500": Status(500),
    "503": Status(503),
    "reset": Reset(),
    "stall": Stall(STALL),
    "slow answer": Drip(DRIP),
    "slow body": Drip(DRIP, is_of_body=True),
    "cut stream": CutStream(),
    "corrupted bytes": CorruptBytes(is_at_start=True),  # where JSON is no JSON any more
    "answer lost": AnswerLost(),
    "permission denied": Status(403),
}
IN_THE_ANSWER = ("slow answer", "slow body", "cut stream", "corrupted bytes", "answer lost")
"""Faults of the answer: what was asked for has been done."""


@dataclass(frozen=True)
class Final:
    """What an event is answered with, what the result says, the label in the metadata, and whether it is copied."""

    status: int
    result: str | int | None
    annotation: str | None
    is_copied: bool = False


def done(step: Step) -> Final:
    """What there is when all went well; the picture of the copy is none."""
    return Final(200, 415, None, is_copied=True) if step == "copy" else Final(200, "3", "3")


def expected(fault: str, step: Step, duration: Duration) -> Final:
    """What one delivery leaves; a fault that does not last is not even noticed, but for a missing role."""
    if duration == "once" and fault != "permission denied":
        return done(step)
    is_done = fault in IN_THE_ANSWER
    if step in ("describe", "read"):
        return Final(500, None, None)
    if step == "look":
        return Final(500, "3", None)
    if fault == "corrupted bytes":
        return done(step)  # another attempt meets what the first has done
    if step == "write":
        return Final(500, "3" if is_done else None, None)
    if step == "copy":
        return Final(500, 415, None, is_copied=is_done)
    return Final(500, "3", "3" if is_done else None)


def says(result: bytes) -> str | int:
    """The label in a result, or the code of its error."""
    document = json.loads(result)
    found: str | int = document["predictions"][0]["label"] if "predictions" in document else document["error"]["code"]
    return found


def state(storage: CloudStorage, status: int, name: str) -> Final:
    """What is there of a picture after a delivery that was answered so."""
    result, picture = storage.get("results", RESULT.format(name)), storage.get("photos", f"{name}.png")
    return Final(
        status,
        says(result.data) if result else None,
        picture.metadata.get("label") if picture else None,
        storage.get("failed", COPY.format(name)) is not None,
    )


def started(storage: CloudStorage, start: Start, duration: Duration) -> FlaskClient:
    """A function that has loaded its model: that takes time of its own."""
    function = start(ANNOTATE="1", FAILED="gs://failed/look", TIMEOUT_SECONDS=str(SECONDS[duration]))
    event = uploaded(storage, name="first.png")
    while deliver(function, event) != 200:
        pass
    return function


def told(storage: CloudStorage, step: Step) -> Event:
    """Upload the picture of a step, which has its name, and give the event that tells of it."""
    stored = storage.put("photos", f"{step}.png", TEXT if step == "copy" else THREE, "image/png")
    return pushed(message(stored, storage.url, "NONE")) if step == "describe" else finalized_event(stored, storage.url)


def befall(storage: CloudStorage, fault: Fault, step: Step, duration: Duration) -> Callable[[], int]:
    """Let a fault happen at the step of its picture; how often it did."""
    operation, bucket, name = OPERATIONS[step]
    times = 1 if duration == "once" else None
    rule = storage.faults.add(fault, operation, bucket=bucket, name=name.format(step), times=times)
    return lambda: rule.hits


@pytest.mark.parametrize("duration", ["once", "lasting"])
@pytest.mark.parametrize("fault", FAULTS)
def test_fault(storage: CloudStorage, start: Start, fault: str, duration: Duration) -> None:
    """A fault that passes leaves no trace; one that lasts asks, in time, for the event again, which gets its result."""
    function = started(storage, start, duration)
    events = {step: told(storage, step) for step in OPERATIONS}
    hits = [befall(storage, FAULTS[fault], step, duration) for step in events]

    def delivered(step: Step) -> tuple[Final, bool]:
        began = time.monotonic()
        final = state(storage, deliver(function, events[step]), step)
        return final, time.monotonic() - began < SECONDS[duration] + SLACK

    with ThreadPoolExecutor(len(events)) as pool:
        found = dict(zip(events, pool.map(delivered, events)))
    assert found == {step: (expected(fault, step, duration), True) for step in events}
    assert all(count() > 0 for count in hits)
    storage.faults.clear()
    assert {step: delivered(step)[0] for step in events} == {step: done(step) for step in events}


def before(step: Step) -> Final:
    """What the event of a picture leaves that was deleted or replaced right before a step: its step is left out."""
    if step == "copy":
        return Final(200, 415, None)
    return Final(200, None if step in ("describe", "read") else "3", None)


@pytest.mark.parametrize("duration", ["once", "lasting"])
@pytest.mark.parametrize("step", OPERATIONS)
def test_deleted(storage: CloudStorage, start: Start, step: Step, duration: Duration) -> None:
    """The event of a picture that is deleted before or between the steps is done."""
    function, event = started(storage, start, duration), told(storage, step)
    befall(storage, Callback(lambda: storage.delete("photos", f"{step}.png")), step, duration)
    assert state(storage, deliver(function, event), step) == before(step)


@pytest.mark.parametrize("duration", ["once", "lasting"])
@pytest.mark.parametrize("step", OPERATIONS)
def test_replaced(storage: CloudStorage, start: Start, step: Step, duration: Duration) -> None:
    """So is that of one that is replaced; the event of the newest brings its result, and older ones change nothing."""
    function, events = started(storage, start, duration), [told(storage, step)]
    newer = Callback(lambda: events.append(uploaded(storage, SEVEN, f"{step}.png")))
    befall(storage, newer, step, duration)
    assert state(storage, deliver(function, events[0]), step) == before(step)
    storage.faults.clear()
    assert len(events) > 1
    newest = Final(200, "7", "7")
    assert state(storage, deliver(function, events[-1]), step) == newest
    assert [state(storage, deliver(function, event), step) for event in events] == [newest] * len(events)
