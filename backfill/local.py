"""The pipeline on this machine: in a process of its own with workers below it, all of which end together."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NoReturn

from backfill import summary_file
from backfill.errors import EndedEarly, Interrupted, WorkerDied, sentence
from backfill.job import Job
from backfill.journal import Reader
from backfill.progress import Show
from backfill.summary import Summary

SECONDS_BETWEEN_LOOKS = 0.2
SECONDS_TO_END = 5.0


RUNNER = "DirectRunner"
"""The one that is built into Beam."""


def run(job: Job, workers: int, flags: Sequence[str], show: Show, *, debug: bool = False) -> Summary:
    """Do the job while showing how far it is; raises EndedEarly, and Interrupted at SIGINT and SIGTERM.

    Beam's own words about itself are kept away from the terminal, unless they are there to find a fault.
    """
    with tempfile.TemporaryDirectory(prefix="backfill-") as name:
        folder = Path(name)
        reader = Reader(folder / "journal")
        (folder / "journal").mkdir()
        noted = replace(job, journal=str(folder / "journal"))
        here = [f"--runner={RUNNER}", "--direct_running_mode=multi_processing", f"--direct_num_workers={workers}"]
        arguments = (noted, [*here, *flags], folder, debug)
        process = multiprocessing.get_context("spawn").Process(target=_main, args=arguments)
        try:
            with _terminable():
                process.start()
                while process.is_alive():
                    process.join(SECONDS_BETWEEN_LOOKS)
                    show(reader.update())
        except KeyboardInterrupt:
            raise Interrupted("Stopped.", reader.update(), job.output) from None
        finally:
            _end(process)
        if process.exitcode == 0:
            return summary_file.from_json((folder / "summary.json").read_bytes())
        raise EndedEarly(_reason(folder, process.exitcode), reader.update(), job.output)


def _main(job: Job, flags: Sequence[str], folder: Path, debug: bool) -> None:
    """What the process does that runs the pipeline."""
    os.setsid()  # Ctrl-C in a terminal is for the first process, which then ends this one with its workers
    _end_with_parent()
    if not debug:
        _be_quiet(folder / "log")

    def fail(error: BaseException) -> NoReturn:
        traceback.print_exception(error)
        (folder / "error").write_text(sentence(error), encoding="utf-8")
        os._exit(1)

    def watch(thread: threading.ExceptHookArgs) -> None:
        """The thread that waits for a worker raises when the worker dies; nothing else in Beam takes note of it."""
        if thread.exc_value and "Worker subprocess" in str(thread.exc_value):
            fail(WorkerDied(thread.exc_value))
        threading.__excepthook__(thread)

    threading.excepthook = watch
    try:
        from backfill import running  # imports Beam, which takes seconds

        summary = running.run(job, flags, str(folder))
    except BaseException as error:
        fail(error)
    (folder / "summary.json").write_text(summary_file.to_json(summary), encoding="utf-8")
    sys.stdout.flush()
    os._exit(0)  # Beam's threads must not keep a process that has done its work


def _end_with_parent() -> None:
    """End all that runs here when the first process ends, however that is."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def _be_quiet(log: Path) -> None:
    """Send what this process and its workers print into a file."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)


@contextmanager
def _terminable() -> Iterator[None]:
    """Turns a request to end into KeyboardInterrupt, which a terminal's Ctrl-C is already."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(process: BaseProcess) -> None:
    """Kill the process's group: results are stored whole or not at all, so nothing is lost by it."""
    if process.pid is None:
        return
    with suppress(ProcessLookupError, PermissionError):  # all have ended; macOS says PermissionError then
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()  # it may not have come to have a group
    process.join(SECONDS_TO_END)


def _reason(folder: Path, exit_code: int | None) -> str:
    said = folder / "error"
    if said.exists():
        return f"It did not go on: {said.read_text(encoding='utf-8')}."
    return f"The process that ran the pipeline was ended from outside (exit code {exit_code}); memory may have run out."
