"""A bucket with odd names, and with results that are not as they should be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from backfill.objects import folder_store
from backfill.pipeline.existing_results import HAS_NEWER
from emulator import CloudStorage
from results.outcome import Outcome
from storage.location import Location
from storage.result_version import MODEL, OUTCOME, SOURCE_GENERATION
from tests.backfill import runs
from tests.backfill.test_odd import labels, named

NAMES = {
    "a\tb \x1b[2J.png": "0",
    "two\nlines.png": "1",
    "a?b#c%2F%00.png": "2",
    "\u202egnp.ne": "3",
    "[*]{}'\"<b>&.png": "4",
    f"{'ü' * 508}.png": "5",
}
"""The names of objects, and the digits on them."""
NO_FILES = {"../../up.png": "6", "/first.png": "7", "a//b.png": "8", "a/./b.png": "9"}
"""The same of names that no file can have."""


def put(storage: CloudStorage, names: dict[str, str]) -> None:
    for name, digit in names.items():
        runs.put(storage, name, int(digit))


def test_odd_names(storage: CloudStorage, digits_model: Path) -> None:
    """In a bucket every name has its result, and only once."""
    put(storage, NAMES | NO_FILES)
    job = runs.job_of(digits_model)
    assert runs.run(job).outcomes == {Outcome.LABELLED: 10}
    assert {name: runs.says(found) for name, found in runs.results(storage).items()} == NAMES | NO_FILES
    assert runs.run(job).outcomes == {Outcome.IGNORED: 10}


def test_odd_names_as_files(storage: CloudStorage, digits_model: Path, tmp_path: Path) -> None:
    """What can be no file's name is told, and nothing is written elsewhere; all others have their results."""
    put(storage, NAMES | NO_FILES)
    summary = runs.run(replace(runs.job_of(digits_model), results=Location.of_path(f"{tmp_path}/a/b/c/out")))
    assert summary.outcomes == {Outcome.LABELLED: len(NAMES), Outcome.RETRIED: len(NO_FILES)}
    assert [outcome for outcome, _ in named(summary).values()] == [Outcome.RETRIED] * len(named(summary))
    assert all(folder_store.NO_NAME in reason for _, reason in named(summary).values())
    assert sorted(map(str, labels(tmp_path / "a" / "b" / "c").values())) == sorted(NAMES.values())
    assert [path.name for path in (tmp_path / "a" / "b").rglob("*.png.json") if "out" not in path.parts] == []


GARBAGE = ["", "yesterday", "1e999", "-1", "1.5", "٣", " 7", "7_0", "9" * 30, "9" * 5000]


def test_garbage(storage: CloudStorage, digits_model: Path) -> None:
    """A result whose version cannot be understood is replaced; a picture with one was written by the function."""
    for number, text in enumerate(GARBAGE):
        runs.put(storage, f"{number}.png", number)
        metadata = {SOURCE_GENERATION: text, OUTCOME: "final", MODEL: "another"}
        storage.put("results", f"labels/photos/{number}.png.json", b"{", "application/json", metadata=metadata)
    storage.put("photos", "copy.png", runs.DIGITS[3], "image/png", metadata={SOURCE_GENERATION: "٣"})
    summary = runs.run(runs.job_of(digits_model))
    assert summary.outcomes == {Outcome.LABELLED: len(GARBAGE), Outcome.IGNORED: 1}
    assert {name: runs.says(found) for name, found in runs.results(storage).items()} == {
        f"{number}.png": str(number) for number in range(len(GARBAGE))
    }


def test_newer(storage: CloudStorage, digits_model: Path) -> None:
    """A result of a newer generation stays, as long as it can be one."""
    runs.put(storage, "3.png", 3)
    metadata = {SOURCE_GENERATION: "9" * 16, OUTCOME: "final"}
    storage.put("results", "labels/photos/3.png.json", b"{}", "application/json", metadata=metadata)
    assert runs.run(runs.job_of(digits_model)).reasons == {(Outcome.IGNORED, HAS_NEWER): 1}
