"""How far it is: what processes note, and how it is shown."""

from __future__ import annotations

import io
import multiprocessing
import time
from collections import Counter
from pathlib import Path

import pytest

from backfill.report import progress
from backfill.report.progress import Pace
from backfill.report.tally import Tally
from backfill.runners import journal
from backfill.runners.journal import ALL_LISTED, FINISHED, LEFT_ALONE, TO_DO, Reader
from results.outcome import Outcome


class Terminal(io.StringIO):
    """A terminal that can be read."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def note(folder: str, times: int) -> None:
    for _ in range(times):
        journal.notes(folder)(TO_DO)
        journal.notes(folder)(FINISHED[Outcome.LABELLED])


def test_processes(tmp_path: Path) -> None:
    """What several processes note at the same time is counted, each note once, however often it is looked at."""
    reader = Reader(tmp_path)
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=note, args=(str(tmp_path), 500)) for _ in range(2)]
    for process in processes:
        process.start()
    while any(process.is_alive() for process in processes):
        reader.update()
        time.sleep(0.01)
    tally = reader.update()
    assert (tally.to_do, tally.done, tally.finished[Outcome.LABELLED]) == (1000, 1000, 1000)


def test_notes(tmp_path: Path) -> None:
    """Every outcome and step has a note of its own."""
    write = journal.notes(str(tmp_path))
    for one in (TO_DO, LEFT_ALONE, LEFT_ALONE, *FINISHED.values()):
        write(one)
    before = Reader(tmp_path).update()
    write(ALL_LISTED)
    after = Reader(tmp_path).update()
    assert (before.is_listed, after.is_listed) == (False, True)
    assert (after.to_do, after.left_alone, after.found) == (1, 2, 3)
    assert after.finished == Counter(Outcome)


def test_no_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody waits, nothing is written."""
    monkeypatch.chdir(tmp_path)
    journal.notes("")(TO_DO)
    assert list(tmp_path.iterdir()) == []


def test_closed_journal(tmp_path: Path) -> None:
    """Where nothing can be noted, work goes on without."""
    journal.notes(str(tmp_path / "gone"))(TO_DO)
    assert list(tmp_path.iterdir()) == []


def tally(done: int, *, of: int = 100, failed: int = 0) -> Tally:
    finished = Counter({Outcome.LABELLED: done - failed, Outcome.FAILED: failed})
    return Tally(of, 7, is_listed=True, finished=finished)


def test_pace() -> None:
    """What is done, how fast since the first was done, how long it will take yet, and what has no labels."""
    now = 100.0
    pace = Pace(lambda: now)
    assert pace.line(Tally()) == "looking at what is there: 0 objects"
    assert pace.line(Tally(2995, 5)) == "looking at what is there: 3,000 objects"
    assert pace.line(tally(0)) == "107 objects, 100 to label; starting"
    now = 107.0  # a start, that is not counted
    assert pace.line(tally(10)) == "10 of 100 done, 0 without labels"
    now = 109.0
    assert pace.line(tally(30, failed=3)) == "30 of 100 done, 10.0 a second, 0:00:07 left, 3 without labels"
    now = 116.0
    assert pace.line(tally(100, failed=3)) == "100 of 100 done, 10.0 a second, 3 without labels"


def test_nothing_to_do() -> None:
    """When all is done already, that is said."""
    assert Pace().line(Tally(0, 1, is_listed=True)) == "1 object, nothing to do"


def test_log() -> None:
    """In a log there is a line for each step, and none for each object."""
    stream = io.StringIO()
    with progress.shown_on(stream) as show:
        for number in range(50):
            show(Tally(number))
        show(tally(0))
        for number in range(1, 101):
            show(tally(number))
    lines = stream.getvalue().splitlines()
    assert lines[:3] == [
        "looking at what is there: 0 objects",
        "107 objects, 100 to label; starting",
        "1 of 100 done, 0 without labels",
    ]
    assert len(lines) == 4
    assert lines[3].startswith("100 of 100 done")


def test_terminal() -> None:
    """On a terminal the last state is shown in place, and taken away in the end."""
    stream = Terminal()
    with progress.shown_on(stream) as show:
        show(tally(1))
        show(tally(100))
    assert "looking at what is there: 0 objects" in stream.getvalue()
    assert stream.getvalue().endswith("\x1b[2K")
