"""Odd files, odd results and pictures that fail: each is told by its name, and all others are labelled."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backfill.job import Job
from backfill.objects.folder_store import LINK_TO_FOLDER, LINK_TO_NOTHING, NO_FILE
from backfill.objects.pattern import Pattern
from backfill.pipeline.failure import NO_MEMORY
from backfill.pipeline.survey import NO_UNICODE
from backfill.report import estimate, summary_file
from backfill.report.summary import Summary
from predictor import Classifier, UnclassifiableImage
from results.outcome import Outcome
from storage.location import Location
from tests.backfill import runs
from tests.backfill.test_folder import BROKEN
from tests.conftest import SAMPLES

DIGITS = {f"{digit}.png" for digit in range(10)}
UNLISTED = "The folder cannot be listed: File name too long"


def job_of(folder: Path, model: Path) -> Job:
    """Label the files in `in`, with the results in `out`."""
    pictures, results = Pattern.parse(f"{folder}/in"), Location.of_path(f"{folder}/out")
    return replace(runs.job_of(model), pictures=pictures, results=results)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """The ten digits in a folder."""
    shutil.copytree(SAMPLES, tmp_path / "in")
    return tmp_path / "in"


def labels(folder: Path) -> dict[str, str | int]:
    """What each result says, by the name of the picture."""
    paths = [path for path in (folder / "out").rglob("*.json") if path.is_file()]
    return {path.name.removesuffix(".json"): runs.says(json.loads(path.read_text())) for path in paths}


def named(summary: Summary) -> dict[str, tuple[Outcome, str]]:
    """What came of those without labels, by the last part of the name."""
    found = [one for some in summary.without_labels.values() for one in some]
    return {one.source.name.rpartition("/")[2]: (one.outcome, one.reason) for one in found}


def odd_files(pictures: Path) -> None:
    """Put what can be among pictures there, and a folder whose path is longer than a path may be."""
    odd = os.fsencode(pictures)
    shutil.copy(SAMPLES / "3.png", odd + b"/caf\xe9.png")
    (pictures / "two\nlines.png").write_bytes(runs.DIGITS[4])
    (pictures / "\u202egnp.ne").write_bytes(runs.DIGITS[5])
    (pictures / "notes.txt").write_bytes(runs.TEXT)
    os.mkfifo(pictures / "pipe.png")
    for name, target in {"circle": ".", "loop.png": "loop.png", "zero.png": "/dev/zero"}.items():
        (pictures / name).symlink_to(target)
    here = os.getcwd()
    os.chdir(pictures)
    for _ in range(os.pathconf("/", "PC_PATH_MAX") // 200 + 2):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
    os.chdir(here)


def test_odd_files(pictures: Path, digits_model: Path, tmp_path: Path) -> None:
    """What can be no picture is left alone, what cannot be labelled is named with its reason; the others are."""
    odd_files(pictures)
    summary = runs.run(job_of(tmp_path, digits_model))
    assert labels(tmp_path) == {f"{digit}.png": str(digit) for digit in range(10)} | {
        "two\nlines.png": "4",
        "\u202egnp.ne": "5",
        "notes.txt": 415,
    }
    found = named(summary)
    assert found.pop("notes.txt")[0] is Outcome.REFUSED
    assert found == {"caf\udce9.png": (Outcome.RETRIED, NO_UNICODE), "": (Outcome.RETRIED, UNLISTED)}
    assert summary.outcomes == {Outcome.LABELLED: 12, Outcome.REFUSED: 1, Outcome.RETRIED: 2, Outcome.IGNORED: 4}
    left = {reason: number for (outcome, reason), number in summary.reasons.items() if outcome is Outcome.IGNORED}
    assert left == {NO_FILE: 2, LINK_TO_FOLDER: 1, LINK_TO_NOTHING: 1}
    assert summary_file.from_json(summary_file.to_json(summary)) == summary


def test_lines_of_odd_files(pictures: Path, digits_model: Path, tmp_path: Path) -> None:
    """In files of lines names are escaped, so that every picture has its line."""
    odd_files(pictures)
    summary = runs.run(replace(job_of(tmp_path, digits_model), output="jsonl"))
    text = "".join(path.read_text("ascii") for path in (tmp_path / "out").glob("*.jsonl"))
    lines = [json.loads(line) for line in text.splitlines()]
    names = [line["instance"]["content"].rpartition("/")[2] for line in lines]
    assert sorted(names) == sorted([*DIGITS, "caf\udce9.png", "two\nlines.png", "\u202egnp.ne", "notes.txt"])
    assert summary.outcomes[Outcome.RETRIED] == 1


def test_excluded(pictures: Path, digits_model: Path, tmp_path: Path) -> None:
    """What is odd and not asked for is not told: what --exclude names, or what the pattern does not reach."""
    odd_files(pictures)
    job = job_of(tmp_path, digits_model)
    excluded = runs.run(replace(job, exclude=("**/ddd*/**", "**/caf*")))
    assert set(named(excluded)) == {"notes.txt"}
    others = runs.run(replace(job, pictures=Pattern.parse(f"{pictures}/*.txt")))
    assert others.outcomes == {Outcome.IGNORED: 1}


def test_odd_results(pictures: Path, digits_model: Path, tmp_path: Path) -> None:
    """Broken results are replaced, whatever is wrong with them; where nothing can be stored, that is told."""
    (tmp_path / "out").mkdir()
    for number, (kind, data) in enumerate(BROKEN.items()):
        shutil.copy(SAMPLES / f"{number % 10}.png", pictures / f"{kind}.png")
        (tmp_path / "out" / f"{kind}.png.json").write_bytes(data)
    os.mkfifo(tmp_path / "out" / "1.png.json")
    (tmp_path / "out" / "2.png.json").symlink_to("2.png.json")
    (tmp_path / "out" / "3.png.json").mkdir()
    summary = runs.run(job_of(tmp_path, digits_model))
    assert summary.outcomes == {Outcome.LABELLED: 9 + len(BROKEN), Outcome.RETRIED: 1}
    assert labels(tmp_path) == {f"{kind}.png": str(number % 10) for number, kind in enumerate(BROKEN)} | {
        name: name[0] for name in DIGITS - {"3.png"}
    }
    assert named(summary)["3.png"][1].startswith("Its result could not be stored: [Errno 21] Is a directory")


def test_estimate(pictures: Path, digits_model: Path, tmp_path: Path) -> None:
    """A picture that cannot be read does not keep an estimate from measuring the others."""
    job, classifier = job_of(tmp_path, digits_model), Classifier.load(digits_model)
    (pictures / "notes.txt").write_bytes(runs.TEXT)
    first = estimate.look(job, lambda tally: None).first
    (pictures / "3.png").unlink()
    (pictures / "4.png").unlink()
    (pictures / "4.png").symlink_to("4.png")
    speed = estimate.measure(job, classifier, first)
    assert speed
    assert (len(first), speed.tried) == (11, 8)


def failing(monkeypatch: pytest.MonkeyPatch, step: str, model: Path, error: Exception) -> None:
    """Let a step of the classifier fail for the picture of a three."""
    does: Callable[..., Any] = getattr(Classifier, step)
    three = Classifier.load(model).decode(runs.DIGITS[3])

    def step_of_most(self: Classifier, picture: Any) -> Any:
        if picture == runs.DIGITS[3] if step == "decode" else np.array_equal(picture, three):
            raise error
        return does(self, picture)

    monkeypatch.setattr(Classifier, step, step_of_most)


@pytest.mark.parametrize("step", ["decode", "scores"])
def test_no_memory(
    pictures: Path, digits_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Want of memory says nothing about a picture: it is told, nothing is stored, and the next run tries again."""
    with monkeypatch.context() as patch:
        failing(patch, step, digits_model, MemoryError())
        summary = runs.run(job_of(tmp_path, digits_model))
    assert named(summary) == {"3.png": (Outcome.RETRIED, NO_MEMORY)}
    assert labels(tmp_path).keys() == DIGITS - {"3.png"}
    assert runs.run(job_of(tmp_path, digits_model)).outcomes == {Outcome.IGNORED: 9, Outcome.LABELLED: 1}


def test_unclassifiable(pictures: Path, digits_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the network cannot take is refused with a record, which the next run leaves alone."""
    failing(monkeypatch, "scores", digits_model, UnclassifiableImage("The network cannot take it."))
    summary = runs.run(job_of(tmp_path, digits_model))
    assert named(summary) == {"3.png": (Outcome.REFUSED, "The network cannot take it.")}
    assert labels(tmp_path)["3.png"] == 422
    assert runs.run(job_of(tmp_path, digits_model)).outcomes == {Outcome.IGNORED: 10}
