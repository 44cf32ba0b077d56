"""The fault matrix: every fault, at every storage call, once and for longer than there is time."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pytest
from flask.testing import FlaskClient

from tests.cloud_storage import (
    AnswerLost,
    Callback,
    CloudStorage,
    CorruptBytes,
    CutStream,
    Fault,
    Operation,
    Reset,
    Stall,
    Status,
)
from tests.cloud_storage.events import Event
from tests.service.upload.conftest import Start
from tests.service.upload.pictures import RESULT, SEVEN, deliver, uploaded

Step = Literal["read", "write", "annotate"]
Duration = Literal["once", "lasting"]
OPERATIONS: dict[Step, tuple[Operation, str]] = {
    "read": ("read_media", "photos"),
    "write": ("write", "results"),
    "annotate": ("patch", "photos"),
}
SECONDS: dict[Duration, str] = {"once": "6", "lasting": "1.5"}
STALL = 60.0  # seconds, longer than the time for an event

FAULTS: dict[str, Fault] = {
    "429": Status(429),
    "500": Status(500),
    "503": Status(503),
    "reset": Reset(),
    "stall": Stall(STALL),
    "cut stream": CutStream(),
    "corrupted bytes": CorruptBytes(),
    "answer lost": AnswerLost(),
    "permission denied": Status(403),
}
IN_THE_ANSWER = ("cut stream", "corrupted bytes", "answer lost")
"""Faults of the answer: what was asked for has been done."""


@dataclass(frozen=True)
class Final:
    """What an event is answered with, the label in the result, and the label in the picture's metadata."""

    status: int
    result: str | None
    annotation: str | None


DONE = Final(200, "3", "3")


def expected(fault: str, step: Step, duration: Duration) -> Final:
    """What one delivery leaves; a fault that does not last is not even noticed, but for a missing role."""
    if duration == "once" and fault != "permission denied":
        return DONE
    if step == "read":
        return Final(500, None, None)
    if fault == "corrupted bytes":
        return DONE  # nothing that the answers to a write say is needed, but their status
    is_done = fault in IN_THE_ANSWER
    if step == "write":
        return Final(500, "3" if is_done else None, None)
    return Final(500, "3", "3" if is_done else None)


def state(storage: CloudStorage, status: int) -> Final:
    """What is there after a delivery that was answered so."""
    result, picture = storage.get("results", RESULT), storage.get("photos", "a.png")
    return Final(
        status,
        json.loads(result.data)["predictions"][0]["label"] if result else None,
        picture.metadata.get("label") if picture else None,
    )


def started(storage: CloudStorage, start: Start, duration: Duration) -> FlaskClient:
    """A function that has loaded its model: that takes time of its own."""
    function = start(ANNOTATE="1", TIMEOUT_SECONDS=SECONDS[duration])
    event = uploaded(storage, name="first.png")
    while deliver(function, event) != 200:
        pass
    return function


@pytest.mark.parametrize("duration", ["once", "lasting"])
@pytest.mark.parametrize("step", OPERATIONS)
@pytest.mark.parametrize("fault", FAULTS)
def test_fault(storage: CloudStorage, start: Start, fault: str, step: Step, duration: Duration) -> None:
    """A fault that passes leaves no trace; one that lasts asks for the event again, which then gets its result."""
    function, event = started(storage, start, duration), uploaded(storage)
    operation, bucket = OPERATIONS[step]
    rule = storage.faults.add(FAULTS[fault], operation, bucket=bucket, times=1 if duration == "once" else None)
    assert state(storage, deliver(function, event)) == expected(fault, step, duration)
    assert rule.hits > 0
    storage.faults.clear()
    assert state(storage, deliver(function, event)) == DONE


BEFORE = {
    "read": Final(200, None, None),
    "write": Final(200, "3", None),
    "annotate": Final(200, "3", None),
}
"""What the event of a picture leaves that was deleted or replaced right before a step: its step is left out."""


def befall(storage: CloudStorage, step: Step, duration: Duration, change: Callable[[], object]) -> None:
    """Let something happen right before a step, once or every time."""
    operation, bucket = OPERATIONS[step]
    times = 1 if duration == "once" else None
    storage.faults.add(Callback(change), operation, bucket=bucket, times=times)


@pytest.mark.parametrize("duration", ["once", "lasting"])
@pytest.mark.parametrize("step", OPERATIONS)
def test_deleted(storage: CloudStorage, start: Start, step: Step, duration: Duration) -> None:
    """The event of a picture that is deleted before or between the steps is done."""
    function, event = started(storage, start, duration), uploaded(storage)
    befall(storage, step, duration, lambda: storage.delete("photos", "a.png"))
    assert state(storage, deliver(function, event)) == BEFORE[step]


@pytest.mark.parametrize("duration", ["once", "lasting"])
@pytest.mark.parametrize("step", OPERATIONS)
def test_replaced(storage: CloudStorage, start: Start, step: Step, duration: Duration) -> None:
    """So is that of one that is replaced; the event of the newest brings its result, and older ones change nothing."""
    function, events = started(storage, start, duration), [uploaded(storage)]
    befall(storage, step, duration, lambda: events.append(uploaded(storage, SEVEN)))
    assert state(storage, deliver(function, events[0])) == BEFORE[step]
    storage.faults.clear()
    newest: Event = events[-1]
    assert newest != events[0]
    assert state(storage, deliver(function, newest)) == Final(200, "7", "7")
    assert [state(storage, deliver(function, event)) for event in events] == [Final(200, "7", "7")] * len(events)
