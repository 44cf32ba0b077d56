"""Work that whoever waits for it can give up."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from functools import partial

import pytest

from service.workers import Workers, processors
from storage.deadline import Deadline, OutOfTime
from tests.conftest import ROOT

SOON, LATE = 0.1, 30.0  # seconds

said: ContextVar[str] = ContextVar("said", default="nothing")


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What stuck work waits for; it is open in the end."""
    gate = threading.Event()
    yield gate
    gate.set()


def give_up(workers: Workers, gate: threading.Event) -> None:
    with pytest.raises(OutOfTime):
        workers.wait_for(gate.wait, Deadline.after(SOON))


def test_result() -> None:
    """Work gives what it gives, or raises what it raises, timeouts of its own too."""
    workers = Workers(1)
    assert workers.wait_for(lambda: 7, Deadline.after(LATE)) == 7
    for error in (KeyError("x"), TimeoutError("its own"), MemoryError()):

        def fail(error: Exception = error) -> None:
            raise error

        with pytest.raises(type(error)) as raised:
            workers.wait_for(fail, Deadline.after(LATE))
        assert raised.value is error


def test_given_up(gate: threading.Event) -> None:
    """Whoever waits goes on when the time is over; other threads do other work."""
    workers = Workers(2)
    began = time.monotonic()
    give_up(workers, gate)
    assert time.monotonic() - began < SOON + 1
    assert workers.wait_for(lambda: 7, Deadline.after(LATE)) == 7


def test_given_up_work_counts(gate: threading.Event) -> None:
    """No more is at work at a time than there are threads, given up or not; what was not begun never is."""
    workers, begun = Workers(2), []
    give_up(workers, gate)
    give_up(workers, gate)
    with pytest.raises(OutOfTime):
        workers.wait_for(lambda: begun.append(1), Deadline.after(SOON))
    gate.set()
    assert workers.wait_for(lambda: 7, Deadline.after(LATE)) == 7
    assert begun == []


def test_threads_come_free(gate: threading.Event) -> None:
    """Who waits for a thread gets it when the work that was given up has ended."""
    workers = Workers(1)
    give_up(workers, gate)
    threading.Timer(SOON, gate.set).start()
    assert workers.wait_for(lambda: 7, Deadline.after(LATE)) == 7


def test_no_time() -> None:
    """Work whose time is over is not begun."""
    begun: list[int] = []
    with pytest.raises(OutOfTime):
        Workers(1).wait_for(lambda: begun.append(1), Deadline.after(-1))
    assert begun == []


def test_context() -> None:
    """Work is done in the context of who waits for it: the log knows which request it belongs to."""
    said.set("something")
    assert Workers(1).wait_for(said.get, Deadline.after(LATE)) == "something"


def test_order(gate: threading.Event) -> None:
    """Who has waited longest is next, so that none waits much longer than the others."""
    workers, begun = Workers(1), list[int]()
    give_up(workers, gate)
    threads = []
    for number in range(5):
        work = partial(begun.append, number)
        threads.append(threading.Thread(target=workers.wait_for, args=(work, Deadline.after(LATE))))
        threads[-1].start()
        while len(workers._free._waiting) <= number:
            time.sleep(0.001)
    gate.set()
    for thread in threads:
        thread.join(LATE)
    assert begun == [0, 1, 2, 3, 4]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not say what a process may use")
def test_processors() -> None:
    """As many processors count as this process may use, not those of the machine."""
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})"
    code += "; from service.workers import processors; print(processors())"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == "1\n"
    assert processors() == len(os.sched_getaffinity(0))
