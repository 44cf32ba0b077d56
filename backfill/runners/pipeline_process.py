"""`python -m backfill.runners.pipeline_process FOLDER`, which `backfill/runners/local.py` starts.

The job comes on standard input.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import NoReturn

from backfill.errors import WorkerDied, sentence
from backfill.runners.local import ERROR, SUMMARY


def main(folder: Path) -> NoReturn:
    """Run the pipeline; the summary, or why there is none, is left in the folder."""
    job, flags = pickle.load(sys.stdin.buffer)  # noqa: S301 # of the process that started this one
    threading.Thread(target=_end_with_input, daemon=True).start()

    def fail(error: BaseException) -> NoReturn:
        traceback.print_exception(error)
        (folder / ERROR).write_text(sentence(error), encoding="utf-8")
        os._exit(1)

    def watch(thread: threading.ExceptHookArgs) -> None:
        """The thread that waits for a worker raises when the worker dies; nothing else in Beam takes note of it."""
        if thread.exc_value and "Worker subprocess" in str(thread.exc_value):
            fail(WorkerDied(thread.exc_value))
        threading.__excepthook__(thread)

    threading.excepthook = watch
    try:
        from backfill.runners import running  # imports Beam, which takes seconds

        running.run(job, flags, str(folder / SUMMARY))
    except BaseException as error:
        fail(error)
    sys.stdout.flush()
    os._exit(0)  # Beam's threads must not keep a process that has done its work


def _end_with_input() -> None:
    """End this process and its workers when the one that waits for them ends, however that is."""
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
