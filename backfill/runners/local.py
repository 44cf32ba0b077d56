"""The pipeline on this machine: in a process of its own with workers below it, all of which end together."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from backfill.errors import EndedEarly, Interrupted
from backfill.job import Job
from backfill.report import summary_file
from backfill.report.progress import Show
from backfill.report.summary import Summary
from backfill.runners.journal import Reader

RUNNER = "DirectRunner"
"""The one that is built into Beam."""
SUMMARY, ERROR, LOG, JOURNAL = "summary.json", "error", "log", "journal"
"""The files in the folder of a run."""
SECONDS_BETWEEN_LOOKS = 0.2


def run(job: Job, workers: int, flags: Sequence[str], show: Show, *, debug: bool = False) -> Summary:
    """Do the job while showing how far it is; raises EndedEarly, and Interrupted at SIGINT and SIGTERM.

    Beam's own words about itself are kept away from the terminal, unless they are there to find a fault.
    """
    here = [f"--runner={RUNNER}", "--direct_running_mode=multi_processing", f"--direct_num_workers={workers}"]
    with tempfile.TemporaryDirectory(prefix="backfill-") as name:
        folder = Path(name)
        (folder / JOURNAL).mkdir()
        reader = Reader(folder / JOURNAL)
        noted = replace(job, journal=str(folder / JOURNAL))
        try:
            with _terminable(), _process(folder, noted, [*here, *flags], debug=debug) as process:
                while process.poll() is None:
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(SECONDS_BETWEEN_LOOKS)
                    show(reader.update())
        except KeyboardInterrupt:
            raise Interrupted("Stopped.", reader.update(), job.output) from None
        if process.returncode:
            raise EndedEarly(_reason(folder, process.returncode), reader.update(), job.output)
        return summary_file.from_json((folder / SUMMARY).read_bytes())


@contextmanager
def _process(folder: Path, job: Job, flags: Sequence[str], *, debug: bool) -> Iterator[subprocess.Popen[bytes]]:
    """The process that runs the pipeline; it and all below it are ended in the end.

    Its session is its own, so that Ctrl-C in a terminal reaches this process alone. It ends when its standard input
    does, which it does with this process, however that ends.
    """
    command = [sys.executable, "-m", "backfill.runners.pipeline_process", str(folder)]
    with (folder / LOG).open("wb") as log:
        out = None if debug else log
        process = subprocess.Popen(  # noqa: S603 # no part of the command is from outside
            command, stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=True
        )
    assert process.stdin is not None
    try:
        with suppress(BrokenPipeError):  # it has ended already; its exit code says so
            process.stdin.write(pickle.dumps((job, flags)))
            process.stdin.flush()
        yield process
    finally:
        # Results are stored whole or not at all, so nothing is lost by it. All may have ended already.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        with suppress(BrokenPipeError):
            process.stdin.close()


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


def _reason(folder: Path, exit_code: int) -> str:
    said = folder / ERROR
    if said.exists():
        return f"It did not go on: {said.read_text(encoding='utf-8')}."
    return f"The process that ran the pipeline was ended from outside (exit code {exit_code}); memory may have run out."
