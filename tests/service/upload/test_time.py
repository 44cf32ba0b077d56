"""TIMEOUT_SECONDS holds, whatever an event spends it on, and leaves time to record why there are no labels."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest

from emulator import Callback, CloudStorage, Drip, Stall, Status, Unfinished
from emulator.processes import function_process
from predictor import Classifier
from results.outcome import Outcome
from results.recorder import Recorder
from tests.service.upload.conftest import Start
from tests.service.upload.pictures import TEXT, THREE, calls, deliver, document, stored, top_label, uploaded
from tests.service.upload.slow import slowed

SECONDS = 1.5
SLACK = 1.0  # seconds more than it may take, on a busy machine
USED_UP = "the time that TIMEOUT_SECONDS allows is used up"
NEVER_YOUNG = "0.001"  # seconds of MAX_EVENT_AGE: every event is too old to be retried


@pytest.fixture(scope="module")
def slow_model(digits_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, which takes longer for a picture than there is time."""
    path, steps, taken = tmp_path_factory.mktemp("slow") / "model.onnx", 60, 0.0
    while taken < 1.3 * SECONDS:
        steps *= 2
        classifier = Classifier.load(slowed(digits_model, path, steps))
        began = time.monotonic()
        classifier.classify(THREE)
        taken = time.monotonic() - began
    return path


def in_time(deliver: Callable[[], int]) -> int:
    """The status of an answer that came in time."""
    began = time.monotonic()
    status = deliver()
    assert time.monotonic() - began < SECONDS + SLACK
    return status


def test_slow_picture(storage: CloudStorage, start: Start, slow_model: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A picture that takes too long is tried again while its event is young, and then gets a record that says why."""
    settings = {"MODEL": str(slow_model), "TIMEOUT_SECONDS": str(SECONDS)}
    event = uploaded(storage)
    young, old = start(**settings), start(**settings, MAX_EVENT_AGE=NEVER_YOUNG)
    assert in_time(lambda: deliver(young, event)) == 500
    assert storage.names("results") == []
    assert USED_UP in caplog.text
    assert in_time(lambda: deliver(old, event)) == 200
    error = document(storage)["error"]
    assert error["code"] == 503
    assert USED_UP in error["message"]


def test_slow_picture_is_copied(storage: CloudStorage, start: Start, slow_model: Path) -> None:
    """The time of the record is enough for the copy too."""
    function = start(
        MODEL=str(slow_model),
        TIMEOUT_SECONDS=str(SECONDS),
        MAX_EVENT_AGE=NEVER_YOUNG,
        FAILED="gs://failed/look",
    )
    assert in_time(lambda: deliver(function, uploaded(storage))) == 200
    assert storage.names("failed") == ["look/photos/a.png"]


@pytest.mark.parametrize("pause", [0.05, 1.0])
def test_copy_in_many_steps(storage: CloudStorage, start: Start, pause: float) -> None:
    """A copy takes as many calls as Cloud Storage wants, and no more time than there is."""
    function = start(TIMEOUT_SECONDS=str(SECONDS), FAILED="gs://failed/look")
    deliver(function, uploaded(storage, name="first.png"))  # loads the model
    storage.faults.add(Unfinished(pause), "copy", times=None)
    event = uploaded(storage, TEXT)
    assert in_time(lambda: deliver(function, event)) == 500
    assert calls(storage, "copy") > 1
    storage.faults.clear()
    storage.faults.add(Unfinished(0), "copy", times=3)
    assert deliver(function, event) == 200
    assert storage.names("failed") == ["look/photos/a.png"]


def test_labels_after_a_slow_picture(storage: CloudStorage, start: Start, slow_model: Path) -> None:
    """The record of what took too long is replaced by labels, when the same event comes again and has time."""
    event = uploaded(storage)
    hasty = start(MODEL=str(slow_model), TIMEOUT_SECONDS=str(SECONDS), MAX_EVENT_AGE=NEVER_YOUNG)
    assert deliver(hasty, event) == 200
    assert document(storage)["error"]["code"] == 503
    assert deliver(start(MODEL=str(slow_model), TIMEOUT_SECONDS="120"), event) == 200
    assert top_label(stored(storage)) == "3"


def test_many_slow_pictures(storage: CloudStorage, start: Start, slow_model: Path) -> None:
    """More slow pictures than are classified at a time get each its answer in time, and a record."""
    function = start(MODEL=str(slow_model), TIMEOUT_SECONDS=str(SECONDS), MAX_EVENT_AGE=NEVER_YOUNG)
    events = [uploaded(storage, name=f"{number}.png") for number in range(6)]
    with ThreadPoolExecutor(len(events)) as pool:
        statuses = list(pool.map(lambda event: in_time(lambda: deliver(function, event)), events))
    assert statuses == [200] * len(events)
    codes = [document(storage, name)["error"]["code"] for name in storage.names("results")]
    assert codes == [503] * len(events)


@pytest.mark.parametrize("fault", [Drip(0.3), Drip(0.3, is_of_body=True), Stall(60.0)], ids=["answer", "body", "stall"])
@pytest.mark.parametrize("operation", ["read_metadata", "read_media"])
def test_slow_model(
    storage: CloudStorage, start: Start, digits_model: Path, operation: str, fault: Drip | Stall
) -> None:
    """A model that arrives too slowly, whichever call it is, leaves time for the record; the next event tries again."""
    storage.put("models", "digits.onnx", digits_model.read_bytes())
    storage.faults.add(fault, operation, bucket="models", times=None)  # type: ignore[arg-type] # a parameter is a str
    function = start(MODEL="gs://models/digits.onnx", TIMEOUT_SECONDS=str(SECONDS), MAX_EVENT_AGE=NEVER_YOUNG)
    event = uploaded(storage)
    assert in_time(lambda: deliver(function, event)) == 200
    found = document(storage)
    assert (found["error"]["code"], found["model"]) == (503, None)
    storage.faults.clear()
    for _ in range(5):  # what was given up may still hold the model's place
        assert deliver(function, event) == 200
    assert top_label(stored(storage)) == "3"


def test_waiting_for_a_model(storage: CloudStorage, start: Start, digits_model: Path) -> None:
    """All that wait for the same model get their records in time."""
    storage.put("models", "digits.onnx", digits_model.read_bytes())
    storage.faults.add(Stall(60.0), "read_media", bucket="models", times=None)
    function = start(MODEL="gs://models/digits.onnx", TIMEOUT_SECONDS=str(SECONDS), MAX_EVENT_AGE=NEVER_YOUNG)
    events = [uploaded(storage, name=f"{number}.png") for number in range(4)]
    with ThreadPoolExecutor(len(events)) as pool:
        statuses = list(pool.map(lambda event: in_time(lambda: deliver(function, event)), events))
    assert statuses == [200] * len(events)
    assert len(storage.names("results")) == len(events)


def test_record_after_labels_that_could_not_be_stored(
    storage: CloudStorage, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Storing labels cannot use up the time of the record: here the fault ends when that begins."""
    function = start(TIMEOUT_SECONDS=str(SECONDS), MAX_EVENT_AGE=NEVER_YOUNG)
    deliver(function, uploaded(storage, name="first.png"))  # loads the model
    store_error = Recorder.error

    def error(*arguments: Any) -> Outcome:
        storage.faults.clear()
        return store_error(*arguments)

    monkeypatch.setattr(Recorder, "error", error)
    # Not a stall: a write that was stalled is done when the fault ends, and labels that are there stay.
    storage.faults.add(Status(503), "write", name="labels/photos/a.png.json", times=None)
    assert in_time(lambda: deliver(function, uploaded(storage))) == 200
    assert document(storage)["error"]["code"] == 503


def test_not_enough_memory(storage: CloudStorage, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too little memory is no fault of the picture: the event comes again, until it is too old."""

    def fail(*_: object) -> None:
        raise MemoryError

    event, young, old = uploaded(storage), start(), start(MAX_EVENT_AGE=NEVER_YOUNG)
    with monkeypatch.context() as patch:
        patch.setattr(Classifier, "decode", fail)
        assert deliver(young, event) == 500
        assert storage.names("results") == []
        assert deliver(old, event) == 200
        assert document(storage)["error"]["code"] == 503
    assert deliver(young, event) == 200
    assert top_label(stored(storage)) == "3"


def post(url: str, port: int, body: bytes, headers: dict[str, str]) -> int | None:
    """The status of an answer, None where there was none."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", url, body, headers)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


@pytest.mark.parametrize("is_slow", [False, True], ids=["reading", "classifying"])
def test_sigterm(storage: CloudStorage, digits_model: Path, slow_model: Path, is_slow: bool) -> None:
    """A server that is told to stop ends the event that it is at, or leaves it to be delivered again."""
    settings = {
        "MODEL": str(slow_model if is_slow else digits_model),
        "RESULTS": "gs://results/labels",
        "STORAGE_EMULATOR_HOST": storage.url,
        "TIMEOUT_SECONDS": str(SECONDS if is_slow else 20),
    }
    reading = threading.Event()
    storage.faults.add(Callback(lambda: (reading.set(), time.sleep(0 if is_slow else 1))), "read_media")
    event = uploaded(storage)
    with function_process("classify_upload", settings) as (process, port), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(post, "/", port, event.body, dict(event.headers))
        assert reading.wait(20)
        process.send_signal(signal.SIGTERM)
        status = answer.result()
        assert process.wait(30) == 0
    assert status == (500 if is_slow else 200)
    assert storage.names("results") == ([] if is_slow else ["labels/photos/a.png.json"])
