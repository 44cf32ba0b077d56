"""The counts of a summary add up: whatever was found is in it once, and --limit holds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from apache_beam.pvalue import TaggedOutput
from apache_beam.utils.windowed_value import WindowedValue

from backfill.objects.folder_store import NO_FILE
from backfill.objects.pattern import Pattern
from backfill.pipeline import reading
from backfill.pipeline.existing_results import HAS_RESULT
from backfill.pipeline.finished import Finished
from backfill.pipeline.page import WHOLE, ListingPage
from backfill.pipeline.reading import VANISHED, List, Read
from backfill.report.summary import Summary
from backfill.runners.journal import Reader
from emulator import Callback, CloudStorage
from results.outcome import Outcome
from storage.location import Location
from tests.backfill import runs
from tests.backfill.test_listing import unprivileged
from tests.backfill.test_places import label, put
from tests.backfill.test_survey import job_for
from tests.conftest import SAMPLES

OBJECTS = 10


def given_out(read: Read, page: ListingPage) -> Iterator[Finished | str]:
    """What comes of a page: the names of pictures that are read, and what is Finished."""
    read.start_bundle()
    for one in [*read.process(page), *read.finish_bundle()]:
        value = one.value if isinstance(one, WindowedValue | TaggedOutput) else one
        yield value if isinstance(value, Finished) else value[0].name


def test_changes_between(tmp_path: Path) -> None:
    """What changes between the list and a page is counted once, as what it is by then; what is new is left."""
    pictures, labelled = tmp_path / "in", tmp_path / "in" / "labelled.png"
    for name in ("deleted", "labelled", "pipe", "replaced", "same"):
        put(pictures / f"{name}.png")
    job = replace(job_for(str(tmp_path)), limit=5, journal=str(tmp_path / "journal"))
    (tmp_path / "journal").mkdir()
    (page,) = List(job).process(WHOLE)
    label(replace(job, pictures=Pattern.parse(str(labelled)), journal=""))
    (pictures / "deleted.png").unlink()
    (pictures / "pipe.png").unlink()
    os.mkfifo(pictures / "pipe.png")
    for name in ("new", "replaced"):
        put(pictures / f"{name}.png", "another")
    read = Read(job)
    read.setup()
    found = list(given_out(read, page))
    read.teardown()
    read_names = [one for one in found if isinstance(one, str)]
    assert sorted(read_names) == [f"{job.folder}{name}.png" for name in ("replaced", "same")]
    assert {(one.outcome, one.reason) for one in found if isinstance(one, Finished)} == {
        (Outcome.IGNORED, HAS_RESULT),
        (Outcome.IGNORED, NO_FILE),
        (Outcome.SUPERSEDED, VANISHED),
    }
    tally = Reader(tmp_path / "journal").update()
    assert (tally.to_do, tally.done, tally.errors) == (5, 3, 0)


def test_closed_between(open_folder: Path) -> None:
    """Of pictures in a folder that is closed since the list each is told as that, not as deleted."""
    for name in ("a.png", "closed/b.png", "closed/c.png"):
        put(open_folder / "in" / name)
    job = job_for(str(open_folder))
    with unprivileged(open_folder):
        (page,) = List(job).process(WHOLE)
        (open_folder / "in" / "closed").chmod(0)
        read = Read(job)
        read.setup()
        found = list(given_out(read, page))
        read.teardown()
        (open_folder / "in" / "closed").chmod(0o700)
    reason = "The folder cannot be listed: Permission denied"
    closed = Finished(Location("", f"{job.folder}closed/"), Outcome.RETRIED, reason)
    assert [one for one in found if isinstance(one, Finished)] == [closed, closed]
    assert [one for one in found if isinstance(one, str)] == [f"{job.folder}a.png"]


def test_limit(tmp_path: Path, digits_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more are tried than --limit says, and all that was looked at is counted; the next run does the others."""
    monkeypatch.setattr(reading, "PAGE", 3)
    shutil.copytree(SAMPLES, tmp_path / "in")
    put(tmp_path / "in" / "3.txt")
    os.mkfifo(tmp_path / "in" / "0.pipe")
    pictures = Pattern.parse(str(tmp_path / "in"))
    job = replace(runs.job_of(digits_model), pictures=pictures, results=Location.of_path(str(tmp_path / "out")))
    first = runs.run(replace(job, limit=8))
    assert first.outcomes == {Outcome.LABELLED: 7, Outcome.REFUSED: 1, Outcome.IGNORED: 1}
    second = runs.run(replace(job, limit=8))
    assert second.outcomes == {Outcome.LABELLED: 3, Outcome.IGNORED: 9}
    assert second.reasons == {(Outcome.IGNORED, HAS_RESULT): 8, (Outcome.IGNORED, NO_FILE): 1}


def test_another_run(storage: CloudStorage, digits_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another run labels meanwhile, and what is deleted, is in the counts of the first, once."""
    monkeypatch.setattr(reading, "PAGE", 2)
    for number in range(OBJECTS):
        runs.put(storage, f"{number}.png", number)
    job = runs.job_of(digits_model)
    others: list[Summary] = []

    def meanwhile() -> None:
        """Before the first page is looked at."""
        storage.delete("photos", "9.png")
        runs.put(storage, "55.png", 5)
        others.append(runs.run(job))

    steps = iter([lambda: None, meanwhile])
    storage.faults.add(Callback(lambda: next(steps)()), "list", bucket="photos", times=2)
    summary = runs.run(job)
    assert [one.outcomes for one in others] == [{Outcome.LABELLED: OBJECTS}]
    assert summary.reasons == {(Outcome.IGNORED, HAS_RESULT): OBJECTS - 1, (Outcome.SUPERSEDED, VANISHED): 1}
    assert summary.outcomes.total() == OBJECTS
