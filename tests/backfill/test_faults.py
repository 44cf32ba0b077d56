"""The fault matrix of the upload function, where it applies: every fault at every storage call, all in one run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from backfill.pipeline import reading
from emulator import Callback, CloudStorage, Operation
from predictor import Classifier
from results.outcome import Outcome
from storage.result_version import ResultVersion
from tests.backfill import runs
from tests.service.upload.test_faults import FAULTS, IN_THE_ANSWER

Step = Literal["read", "write"]
OPERATIONS: dict[Step, tuple[Operation, str, str]] = {
    "read": ("read_media", "photos", "{}"),
    "write": ("write", "results", "labels/photos/{}.json"),
}
DENIED = "permission denied"
SECONDS_FOR_ONCE, SECONDS_FOR_LASTING = 3.0, 1.0
PATIENCE = 30  # seconds for what takes one


@dataclass(frozen=True)
class Case:
    """One picture, and the fault that befalls it at one step."""

    fault: str
    step: Step

    @property
    def name(self) -> str:
        """Of the picture."""
        return f"{self.step} {self.fault}.png"

    def befall(self, storage: CloudStorage, times: int | None) -> None:
        """Let the fault happen so often, None for ever."""
        operation, bucket, name = OPERATIONS[self.step]
        storage.faults.add(FAULTS[self.fault], operation, bucket=bucket, name=name.format(self.name), times=times)


CASES = [Case(fault, step) for step in OPERATIONS for fault in FAULTS]
DIGIT = {case.name: index % 10 for index, case in enumerate(CASES)}
RIGHT: dict[str, str | int] = {name: str(digit) for name, digit in DIGIT.items()}


def said(storage: CloudStorage) -> dict[str, str | int]:
    """What each result says."""
    return {name: runs.says(document) for name, document in runs.results(storage).items()}


def told(storage: CloudStorage, model: Path, seconds: float) -> dict[str, int]:
    """Run, and give how many objects came to what."""
    outcomes = runs.run(runs.job_of(model, timeout=seconds)).outcomes
    return {outcome.value: number for outcome, number in outcomes.items()}


def befallen(storage: CloudStorage, times: int | None) -> None:
    """A picture for each case, with its fault."""
    for case in CASES:
        runs.put(storage, case.name, DIGIT[case.name])
        case.befall(storage, times)


def test_once(storage: CloudStorage, digits_model: Path) -> None:
    """A fault that passes leaves no trace but for a missing role, which is recorded or told; the next run mends it."""
    befallen(storage, times=1)
    assert told(storage, digits_model, SECONDS_FOR_ONCE) == {
        "labelled": len(CASES) - 2,
        "failed": 1,
        "retried": 1,
    }
    expected = RIGHT | {f"read {DENIED}.png": 403}
    del expected[f"write {DENIED}.png"]
    assert said(storage) == expected
    assert told(storage, digits_model, SECONDS_FOR_ONCE) == {"ignored": len(CASES) - 2, "labelled": 2}
    assert said(storage) == RIGHT


def after_lasting(case: Case) -> str | int | None:
    """What the result says while the fault is there: the code of a record, a label, or nothing."""
    if case.step == "read":
        return 403 if case.fault == DENIED else 503
    return RIGHT[case.name] if case.fault in IN_THE_ANSWER else None


def test_lasting(storage: CloudStorage, digits_model: Path) -> None:
    """A fault of reading that lasts is recorded, one of writing is told; when it is over a run mends it all."""
    befallen(storage, times=None)
    told(storage, digits_model, SECONDS_FOR_LASTING)
    expected = {case.name: after for case in CASES if (after := after_lasting(case)) is not None}
    assert said(storage) == expected
    for name, document in runs.results(storage).items():
        if "error" in document:
            check_record(storage, name, document, digits_model)
    storage.faults.clear()
    told(storage, digits_model, SECONDS_FOR_ONCE)
    assert said(storage) == RIGHT
    assert told(storage, digits_model, SECONDS_FOR_ONCE) == {"ignored": len(CASES)}


def check_record(storage: CloudStorage, name: str, document: dict[str, Any], model: Path) -> None:
    """A record has the form that the function gives it, and the result version that lets a later attempt replace it."""
    picture, info = storage.get("photos", name), Classifier.load(model).info
    stored = storage.get("results", f"labels/photos/{name}.json")
    assert picture is not None
    assert stored is not None
    assert list(document) == ["error", "source", "model", "classified_at"]
    assert document["error"]["message"].startswith("It could not be classified: ")
    assert document["source"] == {
        "bucket": "photos",
        "name": name,
        "generation": str(picture.generation),
        "content_type": "image/png",
        "size": picture.size,
    }
    assert document["model"] == {"name": info.name, "version": info.version}
    assert ResultVersion.of(stored.metadata) == ResultVersion(picture.generation, is_final=False, model=info.version)


@pytest.mark.parametrize("fault", FAULTS)
def test_listing(storage: CloudStorage, digits_model: Path, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of listing pictures or results passes, or ends the run; the next one completes what is missing."""
    monkeypatch.setattr(reading, "PAGE", 2)
    for digit in range(10):
        runs.put(storage, f"{digit}.png", digit)
    rules = [storage.faults.add(FAULTS[fault], "list", bucket=bucket) for bucket in ("photos", "results")]
    if fault == DENIED:
        for _ in rules:
            with pytest.raises(Exception, match=r"grant the function's service account roles/storage.objectViewer"):
                told(storage, digits_model, SECONDS_FOR_ONCE)
        assert told(storage, digits_model, SECONDS_FOR_ONCE) == {"labelled": 10}
    else:
        assert told(storage, digits_model, SECONDS_FOR_ONCE) == {"labelled": 10}
    assert [rule.hits for rule in rules] == [1, 1]
    assert said(storage) == {f"{digit}.png": str(digit) for digit in range(10)}


def test_deleted_and_replaced(storage: CloudStorage, digits_model: Path) -> None:
    """What is deleted or replaced before it is read or written keeps what is right, and the next run has the newest."""
    changes: dict[str, Callable[[str], object]] = {
        "deleted": lambda name: storage.delete("photos", name),
        "replaced": lambda name: runs.put(storage, name, 7),
    }
    for change, happen in changes.items():
        for step, (operation, bucket, target) in OPERATIONS.items():
            name = f"{change} before {step}.png"
            runs.put(storage, name, 3)
            call = Callback(lambda name=name, happen=happen: happen(name))
            storage.faults.add(call, operation, bucket=bucket, name=target.format(name))
    first = runs.run(runs.job_of(digits_model))
    assert first.outcomes == {Outcome.SUPERSEDED: 2, Outcome.LABELLED: 2}
    assert said(storage) == {"deleted before write.png": "3", "replaced before write.png": "3"}
    second = runs.run(runs.job_of(digits_model))
    assert second.outcomes == {Outcome.LABELLED: 2}
    assert said(storage) == {
        "deleted before write.png": "3",
        "replaced before read.png": "7",
        "replaced before write.png": "7",
    }


@pytest.mark.parametrize("step", OPERATIONS)
def test_slow(storage: CloudStorage, digits_model: Path, step: Step) -> None:
    """The results of all others are there while one picture is still being read, or its result written."""
    operation, bucket, target = OPERATIONS[step]
    others = {f"{number:02}.png": str(number % 10) for number in range(60)}
    runs.put(storage, "0-slow.png", 0)
    for number, name in enumerate(others):
        runs.put(storage, name, number % 10)
    storage.put("photos", "0-bad.png", runs.TEXT, "image/png")
    gate = threading.Event()
    storage.faults.add(
        Callback(lambda: gate.wait(PATIENCE)), operation, bucket=bucket, name=target.format("0-slow.png")
    )
    backfill = threading.Thread(target=runs.run, args=(runs.job_of(digits_model, timeout=10 * PATIENCE),))
    backfill.start()
    end = time.monotonic() + PATIENCE
    while len(storage.names("results")) < len(others) + 1 and time.monotonic() < end:
        time.sleep(0.02)
    meanwhile = said(storage)
    gate.set()
    backfill.join()
    assert meanwhile == others | {"0-bad.png": 415}
    assert said(storage) == meanwhile | {"0-slow.png": "0"}
