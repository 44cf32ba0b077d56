"""`python -m backfill --compare`: what changes if another model takes over."""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from backfill.__main__ import main
from backfill.compare.answer import Answer
from backfill.compare.comparison import MOST_KEPT, Comparison
from backfill.compare.pictures import Pictures
from backfill.objects.pattern import Pattern
from emulator import CloudStorage, Status
from evaluation import model_copy
from storage.location import Location
from tests.backfill import runs
from tests.conftest import ROOT

PLACES = ("--input", "gs://photos/**", "--results", "gs://results/labels")


@pytest.fixture
def labelled(storage: CloudStorage, digits_model: Path) -> CloudStorage:
    """Cloud Storage with a picture of each digit and their results."""
    for digit in range(10):
        runs.put(storage, f"{digit}.png", digit)
    runs.run(runs.job_of(digits_model))
    return storage


def changed(model: Path, folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Path:
    """A copy of a model whose metadata say something else."""
    path = folder / "new.onnx"
    with model.open("rb") as source, path.open("wb") as target:
        document = model_copy.copy_without_document(source, target)
        target.write(model_copy.entry(document | change(document) | {"name": "new", "version": "2"}))
    return path


@pytest.fixture
def swapped(digits_model: Path, tmp_path: Path) -> Path:
    """A model that calls threes eights, and eights threes."""
    other = {"3": "8", "8": "3"}
    return changed(
        digits_model, tmp_path, lambda document: {"labels": [other.get(one, one) for one in document["labels"]]}
    )


def run(*options: object) -> Result:
    return CliRunner().invoke(main, [*PLACES, *map(str, options)], catch_exceptions=False)


def document(*options: object) -> dict[str, Any]:
    result = run("--json", *options)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def contents(storage: CloudStorage) -> dict[str, Any]:
    return {name: storage.get("results", name) for name in storage.names("results")}


def test_same_model(labelled: CloudStorage, digits_model: Path) -> None:
    """The model that gave the labels changes none, and no score; and nothing is stored."""
    before = contents(labelled)
    found = document("--compare", digits_model)
    assert (found["pictures"], found["changed"], found["flips"]) == (10, 0, [])
    assert (found["scores"]["shift"], found["scores"]["largest_shift"]) == (0, 0)
    assert contents(labelled) == before


def test_swapped_labels(labelled: CloudStorage, swapped: Path) -> None:
    """Two classes that are swapped are found, with their pictures."""
    found = document("--compare", swapped)
    flips = {(flip["from"], flip["to"]): flip["count"] for flip in found["flips"]}
    assert flips == {("3", "8"): 1, ("8", "3"): 1}
    assert {change["picture"] for change in found["changes"]} == {"gs://photos/3.png", "gs://photos/8.png"}
    assert list(found["models"]["after"]) == ["new 2"]


def test_worse_crop(labelled: CloudStorage, digits_model: Path, tmp_path: Path) -> None:
    """A model that sees pictures turned over changes labels, though its labels are the same."""
    worse = changed(
        digits_model,
        tmp_path,
        lambda document: {
            "resizing": {"method": "pillow-box", "height": 4, "width": 4, "fit": "stretch"},
        },
    )
    assert document("--compare", worse)["changed"] > 0


def test_summary(labelled: CloudStorage, swapped: Path) -> None:
    """The summary says how many change, into what, and which are most certain."""
    output = run("--compare", swapped).stdout
    assert "Changed   2 (20.0%)" in output
    assert "1  3 → 8" in output
    assert "gs://photos/8.png: 8 → 3" in output


@pytest.mark.parametrize(("most", "code"), [(19.9, 1), (20, 0)])
def test_max_flips(most: float, code: int, labelled: CloudStorage, swapped: Path) -> None:
    """The exit code is 1 if more change than may, after all has been told."""
    result = run("--compare", swapped, "--max-flips", most, "--json")
    assert result.exit_code == code
    assert json.loads(result.stdout)["changed"] == 2
    assert ("20.00% of the pictures change their label" in result.stderr) is bool(code)


def test_table_and_page(labelled: CloudStorage, swapped: Path, tmp_path: Path) -> None:
    """A table has all changes, a page shows their pictures."""
    table, page = tmp_path / "changes.csv", tmp_path / "page.html"
    assert run("--compare", swapped, "--csv", table, "--report", page).exit_code == 0
    rows = list(csv.DictReader(table.open()))
    assert {(row["picture"], row["from"], row["to"]) for row in rows} == {
        ("gs://photos/3.png", "3", "8"),
        ("gs://photos/8.png", "8", "3"),
    }
    assert page.read_text().count("<img") == 2


def test_two_places(labelled: CloudStorage, swapped: Path) -> None:
    """Two places with results are compared without a model, and no picture is read."""
    job = runs.job_of(swapped)
    labelled.put("results", "keep", b"")
    runs.run(type(job)(**{**vars(job), "results": Location.parse("gs://results/shadow")}))
    reads = sum(runs.reads(labelled).get(f"{digit}.png", 0) for digit in range(10))
    found = document("--compare", "gs://results/shadow")
    assert (found["pictures"], found["changed"]) == (10, 2)
    assert sum(runs.reads(labelled).get(f"{digit}.png", 0) for digit in range(10)) == reads


def test_without_results(storage: CloudStorage, digits_model: Path, swapped: Path) -> None:
    """Pictures without a result are left out, unless the old model is there to be asked."""
    for digit in range(10):
        runs.put(storage, f"{digit}.png", digit)
    result = run("--compare", swapped)
    assert (result.exit_code, "10 without a result" in result.stderr) == (1, True)
    found = document("--compare", swapped, "--model", digits_model)
    assert (found["pictures"], found["changed"]) == (10, 2)
    assert storage.names("results") == []


def test_replaced_pictures(labelled: CloudStorage, swapped: Path) -> None:
    """The result of an older generation is no answer for a newer one."""
    runs.put(labelled, "3.png", 7)
    found = document("--compare", swapped)
    assert found["left_out"] == {"replaced since they were labelled": 1}
    assert found["changed"] == 1


def test_no_picture(labelled: CloudStorage, digits_model: Path) -> None:
    """What both refuse is no change; what only one refuses is."""
    labelled.put("photos", "text.png", runs.TEXT)
    runs.run(runs.job_of(digits_model))
    assert document("--compare", digits_model)["changed"] == 0
    text = labelled.get("photos", "text.png")
    assert text is not None


def test_unreadable(labelled: CloudStorage, swapped: Path) -> None:
    """A picture that cannot be read is left out with the reason, and stops no other."""
    labelled.faults.add(Status(403), "read_media", name="8.png", times=None)
    found = document("--compare", swapped, "--timeout", 2)
    assert (found["pictures"], found["changed"]) == (9, 1)
    ((reason, number),) = found["left_out"].items()
    assert (number, reason.startswith("that could not be read")) == (1, True)


def test_sample(storage: CloudStorage) -> None:
    """A sample is the same each time, of the size that is asked for, and not the first by name."""
    for number in range(60):
        runs.put(storage, f"{number:02}.png", number % 10)
    pictures = Pictures(Pattern.parse("gs://photos/**"), Location.parse("gs://results/labels"), limit=10)
    names = [upload.name for upload in pictures]
    assert names == sorted(names) == [upload.name for upload in pictures]
    assert (len(names), names[-1] > "30.png") == (10, True)


def test_folders(digits_model: Path, swapped: Path, tmp_path: Path) -> None:
    """Folders are compared as buckets are."""
    pictures, results = tmp_path / "pictures", tmp_path / "results"
    pictures.mkdir()
    for digit, data in enumerate(runs.DIGITS):
        (pictures / f"{digit}.png").write_bytes(data)
    asked = ["--input", str(pictures), "--results", str(results)]
    labelled = CliRunner().invoke(main, [*asked, "--model", str(digits_model), "--workers", "1"])
    assert labelled.exit_code == 0, labelled.output
    result = CliRunner().invoke(main, [*asked, "--compare", str(swapped), "--json"])
    assert json.loads(result.stdout)["changed"] == 2


@pytest.mark.parametrize(
    "options",
    [
        ["--compare", "new.onnx", "--dry-run"],
        ["--compare", "new.onnx", "--runner", "DataflowRunner"],
        ["--json"],
        ["--max-flips", "3"],
        ["--compare", "nothing.onnx"],
        ["--compare", "gs://results/labels", "--csv", "nowhere/changes.csv"],
        [],
    ],
)
def test_wrong_options(options: list[str], storage: CloudStorage) -> None:
    """Options that say nothing together, or that lead nowhere, are exit code 2."""
    assert run(*options).exit_code == 2


def test_bounded(storage: CloudStorage) -> None:
    """However many change, no more are kept than are shown, the most certain ones."""
    runs.put(storage, "a.png", 1)
    (upload,) = Pictures(Pattern.parse("gs://photos/**"), Location.parse("gs://results/labels"))
    found = Comparison()
    for number in range(5 * MOST_KEPT):
        found.add(upload, Answer("cat", number / 1000, "a 1"), Answer("dog", 0.9, "b 2"))
    kept = found.most_certain()
    assert (found.changed, len(kept)) == (5 * MOST_KEPT, MOST_KEPT)
    assert [round(change.certainty * 1000) for change in kept[:2]] == [499, 498]


def test_documentation(
    labelled: CloudStorage, digits_model: Path, swapped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands of docs/models.md run, and its table has all fields of the JSON."""
    part = (ROOT / "docs" / "models.md").read_text().split("\n## What changes with a new model\n")[1].split("\n## ")[0]
    monkeypatch.chdir(tmp_path)
    shutil.copy(digits_model, "old.onnx")
    Path("my_pictures").mkdir()
    for digit, data in enumerate(runs.DIGITS):
        Path("my_pictures", f"{digit}.png").write_bytes(data)
    for name in labelled.names("results"):
        found = labelled.get("results", name)
        assert found is not None
        labelled.put("results", name.replace("labels/", "shadow/"), found.data)
    (block,) = re.findall(r"```sh\n(.*?)```", part, re.DOTALL)
    for line in block.strip().splitlines():
        result = CliRunner().invoke(main, shlex.split(line)[3:])
        assert result.exit_code == 0, (line, result.output)
    assert "<img" in Path("changes.html").read_text()
    rows = re.findall(r"(?m)^\| (`.*?) \|", part.split("| field of the JSON |")[1])
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == document("--compare", swapped).keys()
