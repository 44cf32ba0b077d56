"""How far it is, shown while it goes on: moving on a terminal, else, as in a log, a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from backfill.report.tally import Tally

SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_MOVES = 0.2
SECONDS_BEFORE = 2.0

Show = Callable[[Tally], None]


class Pace:
    """How fast it goes since the first object was done."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: tuple[float, int] | None = None
        """When the first were seen to be done, and how many that were."""

    def line(self, tally: Tally) -> str:
        """One line with all that is known."""
        if not tally.is_listed:
            return f"looking at what is there: {_objects(tally.found)}"
        if not tally.to_do:
            return f"{_objects(tally.found)}, nothing to do"
        if not tally.done:
            return f"{_objects(tally.found)}, {tally.to_do:,} to label; starting"
        return ", ".join(self._parts(tally))

    def _parts(self, tally: Tally) -> Iterator[str]:
        now = self._clock()
        started, done = self._first = self._first or (now, tally.done)
        yield f"{tally.done:,} of {tally.to_do:,} done"
        if tally.done > done:
            rate = (tally.done - done) / (now - started)
            yield f"{rate:,.1f} a second"
            if left := tally.to_do - tally.done:
                yield f"{timedelta(seconds=round(left / rate))} left"
        yield f"{tally.errors:,} without labels"


@contextmanager
def told(stream: TextIO) -> Iterator[Callable[[int], None]]:
    """Tell how many pictures were looked at: one moving line on a terminal, else a line now and then."""
    moves, begun = stream.isatty(), time.monotonic()
    due = begun + SECONDS_BEFORE

    def tell(number: int) -> None:
        nonlocal due
        now = time.monotonic()
        if now >= due:
            due = now + (SECONDS_BETWEEN_MOVES if moves else SECONDS_BETWEEN_LINES)
            line = f"{number:,} pictures, {number / (now - begun):,.1f} a second"
            print(f"\r{line}\033[K" if moves else line, end="" if moves else "\n", file=stream, flush=True)

    yield tell
    if moves and due > begun + SECONDS_BEFORE:
        print(file=stream)


@contextmanager
def shown_on(stream: TextIO) -> Iterator[Show]:
    """Show tallies, an empty one at once."""
    with _moving(stream) if stream.isatty() else _lines(stream) as show:
        show(Tally())
        yield show


@contextmanager
def _moving(stream: TextIO) -> Iterator[Show]:
    pace = Pace()
    columns = (SpinnerColumn(), BarColumn(20), TextColumn("{task.description}"))
    console = Console(file=stream, highlight=False)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(pace.line(Tally()), total=None)

        def show(tally: Tally) -> None:
            total = tally.to_do if tally.is_listed else None
            progress.update(task, description=pace.line(tally), completed=tally.done, total=total)

        yield show


@contextmanager
def _lines(stream: TextIO) -> Iterator[Show]:
    pace, last, step, due = Pace(), "", None, 0.0

    def show(tally: Tally) -> None:
        nonlocal last, step, due
        line, now = pace.line(tally), (tally.is_listed, tally.done > 0, tally.is_listed and tally.done == tally.to_do)
        if line != last and (now != step or time.monotonic() >= due):
            print(line, file=stream, flush=True)
            last, step, due = line, now, time.monotonic() + SECONDS_BETWEEN_LINES

    yield show


def _objects(number: int) -> str:
    return f"{number:,} object{'' if number == 1 else 's'}"
