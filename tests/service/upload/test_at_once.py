"""Many uploads at a time: waiting for storage overlaps, memory and processors do not multiply, and nothing is lost."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from emulator import Callback, CloudStorage, Stall
from emulator.processes import function_process, running_function
from predictor import Classifier
from service import workers
from service.workers import processors
from tests.service.upload.conftest import Start
from tests.service.upload.pictures import SAMPLES, TEXT, deliver, document, stored, top_label, uploaded
from tests.service.upload.test_time import post

AT_ONCE = 8
LATE = 30.0  # seconds


class Counted:
    """How many are inside at a time, and the most that there were; nobody leaves while the gate is closed."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self.gate = threading.Event()
        self.now = self.most = 0

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Be inside for the block, which begins when the gate is open."""
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self._lock.notify_all()
        try:
            assert self.gate.wait(LATE)
            yield
        finally:
            with self._lock:
                self.now -= 1

    def wait_for(self, number: int) -> None:
        """Wait until so many are inside."""
        with self._lock:
            assert self._lock.wait_for(lambda: self.now >= number, LATE)

    def enter(self) -> None:
        """Go in, and out when the gate is open."""
        with self.inside():
            pass


def test_waiting_overlaps(storage: CloudStorage, start: Start) -> None:
    """As many pictures are read at a time as there are events: all wait for storage together."""
    reading, function = Counted(), start()
    storage.faults.add(Callback(reading.enter), "read_media", times=None)
    events = [uploaded(storage, name=f"{number}.png") for number in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = [pool.submit(deliver, function, event) for event in events]
        reading.wait_for(AT_ONCE)
        reading.gate.set()
        assert [status.result() for status in statuses] == [200] * AT_ONCE


def test_connections_are_kept(storage: CloudStorage, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """More uploads at a time than requests keeps connections for do not make new ones each time."""
    reading, function = Counted(), start()
    storage.faults.add(Callback(reading.enter), "read_media", times=None)
    events = [uploaded(storage, name=f"{number}.png") for number in range(2 * AT_ONCE)]
    with ThreadPoolExecutor(2 * AT_ONCE) as pool:
        statuses = [pool.submit(deliver, function, event) for event in events]
        reading.wait_for(2 * AT_ONCE)
        reading.gate.set()
        assert [status.result() for status in statuses] == [200] * len(events)
    assert "pool is full" not in caplog.text


def test_decoding_does_not(storage: CloudStorage, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more pictures are unpacked, decoded and classified at a time than this process may use processors."""
    working, function, read = Counted(), start(), Counted()
    decode = Classifier.decode

    def counted(self: Classifier, data: bytes) -> Any:
        with working.inside():
            return decode(self, data)

    monkeypatch.setattr(Classifier, "decode", counted)
    read.gate.set()
    storage.faults.add(Callback(read.enter), "read_media", times=None)
    events = [uploaded(storage, name=f"{number}.png") for number in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = [pool.submit(deliver, function, event) for event in events]
        working.wait_for(min(processors(), AT_ONCE))
        time.sleep(0.3)  # in which others would come in
        working.gate.set()
        assert [status.result() for status in statuses] == [200] * AT_ONCE
    assert working.most == min(processors(), AT_ONCE)


def test_bytes_in_flight(storage: CloudStorage, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read only while all of them together fit; the others wait, and get their results too."""
    size = 1000
    monkeypatch.setattr(workers, "IN_FLIGHT", 3 * size + size // 2)
    reading, function = Counted(), start(MAX_BYTES=str(size))
    storage.faults.add(Callback(reading.enter), "read_media", times=None)
    events = [uploaded(storage, TEXT.ljust(size), name=f"{number}.png") for number in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = [pool.submit(deliver, function, event) for event in events]
        reading.wait_for(3)
        time.sleep(0.3)  # in which others would be read
        reading.gate.set()
        assert [status.result() for status in statuses] == [200] * AT_ONCE
    assert reading.most == 3
    assert len(storage.names("results")) == AT_ONCE


def test_largest_file(storage: CloudStorage, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of MAX_BYTES fits, however little is meant to be in flight."""
    monkeypatch.setattr(workers, "IN_FLIGHT", 1)
    event = uploaded(storage, TEXT.ljust(2000))
    assert deliver(start(MAX_BYTES="2000"), event) == 200
    assert document(storage)["error"]["code"] == 415


@pytest.mark.parametrize("what", ["room", "processor"])
def test_waiting_leaves_time(storage: CloudStorage, start: Start, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Who waits for room or a processor until the time is over gets a record that says so, in time."""
    gate = threading.Event()
    function = start(TIMEOUT_SECONDS="2", MAX_EVENT_AGE="0.001", MAX_BYTES="3000")
    deliver(function, uploaded(storage, name="first.png"))  # loads the model
    if what == "room":
        monkeypatch.setattr(workers, "IN_FLIGHT", 1)
        function = start(TIMEOUT_SECONDS="2", MAX_EVENT_AGE="0.001", MAX_BYTES="3000")
        storage.faults.add(Stall(60.0), "read_media", times=None)
    else:
        monkeypatch.setattr(Classifier, "decode", lambda *_: gate.wait(LATE))
    events = [uploaded(storage, name=f"{number}.png") for number in range(AT_ONCE)]
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert list(pool.map(lambda event: deliver(function, event), events)) == [200] * AT_ONCE
    assert time.monotonic() - began < 2 + 1
    gate.set()
    names = [name for name in storage.names("results") if "first" not in name]
    assert [document(storage, name)["error"]["code"] for name in names] == [503] * AT_ONCE


def test_sigterm_with_a_full_queue(storage: CloudStorage, digits_model: Path) -> None:
    """What a server that is told to stop has answered has its result; all else comes again, and gets it there."""
    settings = {
        "MODEL": str(digits_model),
        "RESULTS": "gs://results/labels",
        "STORAGE_EMULATOR_HOST": storage.url,
        "TIMEOUT_SECONDS": "20",
        "THREADS": str(AT_ONCE),
        "WORKERS": "1",
    }
    reading = Counted()
    storage.faults.add(Callback(reading.enter), "read_media", times=None)
    pictures = {f"{path.stem}-{turn}.png": path for turn in (1, 2) for path in sorted(SAMPLES.iterdir())}
    events = {name: uploaded(storage, path.read_bytes(), name) for name, path in pictures.items()}

    def send(port: int) -> Callable[[str], int | None]:
        return lambda name: post("/", port, events[name].body, dict(events[name].headers))

    with function_process("classify_upload", settings) as (process, port), ThreadPoolExecutor(len(events)) as pool:
        answers = {name: pool.submit(send(port), name) for name in events}
        reading.wait_for(AT_ONCE)
        process.send_signal(signal.SIGTERM)
        reading.gate.set()
        statuses = {name: answer.result() for name, answer in answers.items()}
        assert process.wait(LATE) == 0
    done = {name for name, status in statuses.items() if status == 200}
    assert len(done) >= AT_ONCE
    assert {f"labels/photos/{name}.json" for name in done} <= set(storage.names("results"))
    with running_function("classify_upload", settings) as url:
        again = send(int(url.rpartition(":")[2]))
        assert [again(name) for name in events.keys() - done] == [200] * (len(events) - len(done))
    for name, path in pictures.items():
        assert top_label(stored(storage, f"labels/photos/{name}.json")) == path.stem
