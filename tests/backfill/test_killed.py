"""Killed in the middle and run again: nothing is missing, and nothing is done twice but what was under way."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import psutil
import pytest

from backfill.pipeline.concurrent import AT_ONCE
from emulator import Callback, CloudStorage
from results.outcome import Outcome
from tests.backfill import runs

PICTURES = 120
STORED = 30  # results before the end
UNDER_WAY = runs.WORKERS * (2 * AT_ONCE + 1)  # pictures that workers are reading, classifying or storing
PATIENCE = 120  # seconds for what takes three, where nothing else goes on


class Barrier:
    """Lets so many writes through; those after them wait until the gate opens."""

    def __init__(self, writes: int) -> None:
        self._left = writes
        self._lock = threading.Lock()
        self.reached = threading.Event()
        self.gate = threading.Event()

    def pass_or_wait(self) -> None:
        """What happens before a write."""
        with self._lock:
            self._left -= 1
            is_over = self._left < 0
        if is_over:
            self.reached.set()
            self.gate.wait(PATIENCE)


def end(process: psutil.Popen, number: signal.Signals) -> None:
    """As a shell does: Ctrl-C is sent to all processes of a terminal, other signals to one."""
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_killed(storage: CloudStorage, digits_model: Path, number: signal.Signals) -> None:
    """A second run does what the first had not stored, and no worker outlives the first."""
    names = [f"{number:03}.png" for number in range(PICTURES)]
    for index, name in enumerate(names):
        runs.put(storage, name, index % 10)
    barrier = Barrier(STORED)
    storage.faults.add(Callback(barrier.pass_or_wait), "write", times=None)
    with runs.running(storage, digits_model) as process:
        assert barrier.reached.wait(PATIENCE)
        workers = process.children(recursive=True)
        end(process, number)
        process.wait(PATIENCE)
        _, alive = psutil.wait_procs(workers, PATIENCE)
        assert not alive
        assert len(workers) >= runs.WORKERS
    done = runs.results(storage)
    barrier.gate.set()
    storage.faults.clear()
    summary = runs.run(runs.job_of(digits_model))
    assert summary.outcomes[Outcome.LABELLED] <= PICTURES - STORED
    assert {name: runs.says(found) for name, found in runs.results(storage).items()} == {
        name: str(index % 10) for index, name in enumerate(names)
    }
    reads = runs.reads(storage)
    assert all(reads[name] == 1 for name in done)
    assert sum(reads.values()) - PICTURES <= UNDER_WAY
    assert max(reads.values()) <= 2
