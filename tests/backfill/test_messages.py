"""What is printed at the end."""

from __future__ import annotations

import pytest

from backfill.pipeline.finished import Finished
from backfill.report import messages
from backfill.report.messages import MOST_NAMES, TimedSummary
from backfill.report.summary import Summary
from results.outcome import Outcome
from storage.location import Location


def finished(number: int, outcome: Outcome, reason: str) -> list[Finished]:
    return [Finished(Location("photos", f"{outcome.value} {i:03}.png"), outcome, reason) for i in range(number)]


def printed(found: list[Finished], capsys: pytest.CaptureFixture[str]) -> list[str]:
    summary = Summary()
    for one in found:
        summary.add(one)
    messages.show(TimedSummary(summary, 1.0).rows())
    return capsys.readouterr().out.splitlines()


def test_names(capsys: pytest.CaptureFixture[str]) -> None:
    """Those without labels are named, up to so many of each kind; the others that were looked at are only counted."""
    found = [
        *finished(MOST_NAMES + 2, Outcome.REFUSED, "It is no picture."),
        *finished(2, Outcome.FAILED, "It was slow"),
        *finished(30, Outcome.IGNORED, "it has its result"),
    ]
    assert printed(found, capsys)[:-1] == [
        "Labelled    0",
        "Left alone  30",
        "            30  it has its result",
        "Refused     12",
        "            12  It is no picture.",
        *(f"               gs://photos/refused {i:03}.png" for i in range(MOST_NAMES)),
        "               and 2 more",
        "Failed      2",
        "            2  It was slow",
        "               gs://photos/failed 000.png",
        "               gs://photos/failed 001.png",
    ]


def test_reasons_that_differ(capsys: pytest.CaptureFixture[str]) -> None:
    """Where there are several reasons, each name has its own; none breaks its line."""
    found = [
        Finished(Location("", "in/two\nlines"), Outcome.RETRIED, "It is\x1b[2J closed"),
        Finished(Location("", "in/caf\udce9"), Outcome.RETRIED, "It is full"),
    ]
    assert printed(found, capsys)[1:-1] == [
        "Not stored  2",
        r"            1  It is\x1b[2J closed",
        "            1  It is full",
        r"               /in/caf\xe9: It is full",
        r"               /in/two\nlines: It is\x1b[2J closed",
    ]
