"""What a person is told when something goes wrong."""

from __future__ import annotations

import pytest

from backfill.errors import BackfillError, BadOption, CannotReach, EndedEarly, Interrupted, WorkerDied, sentence
from backfill.report.tally import Tally

REMOTE = """Error received from SDK harness for instruction bundle_3: Traceback (most recent call last):
  File "apache_beam/runners/common.py", line 1498, in apache_beam.runners.common.DoFnRunner.process
  File "backfill/pipeline/reading.py", line 40, in process
    for upload, reason in survey(self._job, whole):
storage.calls.MissingRole: permission denied: grant roles/storage.objectViewer on gs://photos

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "apache_beam/runners/worker/sdk_worker.py", line 310, in _execute
    response = task()
RuntimeError: storage.calls.MissingRole: permission denied: grant roles/storage.objectViewer on gs://photos \
[while running 'List/List']
"""

SENTENCES = [
    (RuntimeError(REMOTE), "permission denied: grant roles/storage.objectViewer on gs://photos (MissingRole)"),
    (ValueError("too late\nand more"), "too late (ValueError)"),
    (KeyError(), "KeyError"),
    (WorkerDied("code 137"), str(WorkerDied("code 137"))),
]


@pytest.mark.parametrize(("error", "said"), SENTENCES, ids=[said[:20] for _, said in SENTENCES])
def test_sentence(error: Exception, said: str) -> None:
    """It is one line, out of whatever Beam puts around what was raised elsewhere."""
    assert sentence(error) == said


def test_long_words() -> None:
    """What a library says at length is cut."""
    assert len(sentence(ValueError("word " * 1000))) < 350


def test_exit_codes() -> None:
    """Each error ends the command with the code of its kind."""
    tally = Tally(40, 0, is_listed=True)
    codes = {
        BadOption("--input", "it is wrong."): 2,
        CannotReach("gs://photos", "it is closed."): 1,
        EndedEarly("It ended.", tally, "objects"): 1,
        Interrupted("Stopped.", None, "jsonl"): 130,
    }
    assert {error: error.exit_code for error in codes} == codes
    assert all(isinstance(error, BackfillError) for error in codes)


def test_resuming() -> None:
    """Results for each picture are gone on with; files of many lines are begun anew."""
    tally = Tally(40, 0, is_listed=True)
    assert str(Interrupted("Stopped.", tally, "objects")) == (
        "Stopped. 0 of 40 are done. Run it again: it goes on where it ended."
    )
    assert str(Interrupted("Stopped.", None, "jsonl")) == (
        "Stopped. Run it again: it begins anew, as files are whole or not there."
    )
