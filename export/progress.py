"""The messages to the user while something long happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Item = TypeVar("Item")

Report = Callable[[str, int, int | None], None]
"""Told of each step: what is done, how many of it are done, and of how many where that is known."""


@contextmanager
def shown_on(stream: TextIO, first: str) -> Iterator[Report]:
    """Show steps, the `first` at once: moving on a terminal, else, as in a log, a line when a step begins and ends."""
    if not stream.isatty():
        yield _lines(stream, first)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(file=stream, highlight=False)) as progress:
        task = progress.add_task(first, total=None)

        def report(step: str, done: int, total: int | None) -> None:
            nonlocal task
            if progress.tasks[task].description != step:
                progress.update(task, total=1, completed=1)
                task = progress.add_task(step, total=total)
            progress.update(task, completed=done, total=total)

        yield report


def announced(step: str, items: Sequence[Item], report: Report) -> Iterator[Item]:
    """The items, each announced before it is used."""
    for done, item in enumerate(items):
        report(step, done, len(items))
        yield item
    report(step, len(items), len(items))


def _lines(stream: TextIO, first: str) -> Report:
    running = first
    print(first, file=stream, flush=True)

    def report(step: str, done: int, total: int | None) -> None:
        nonlocal running
        if step != running or done == total:
            print(step if total is None else f"{step}, {done} of {total}", file=stream, flush=True)
        running = step

    return report
