"""Where the results of files are, and to which version of a file each of them belongs."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from backfill.job import Job
from backfill.objects.pattern import Pattern
from backfill.pipeline.existing_results import HAS_RESULT, TAKEN
from backfill.pipeline.storing import Store
from backfill.pipeline.survey import survey
from emulator import CloudStorage
from predictor import Limits
from results.outcome import Outcome
from storage.location import Location
from storage.upload import Upload
from tests.backfill.test_survey import INFO, told

BUCKET = Location("results", "labels")
SCORES = np.ones(1, np.float32)


def job_of(pictures: Path | str, results: Location | Path) -> Job:
    place = Location.of_path(str(results)) if isinstance(results, Path) else results
    return Job(Pattern.parse(str(pictures)), place, "model.onnx", INFO, Limits())


def label(job: Job) -> list[str]:
    """Store a result for all that is to be labelled; the last part of each name."""
    store = Store(job)
    store.setup()
    found = [one for one in survey(job) if isinstance(one, Upload)]
    outcomes = [store.work((one, SCORES, b"")).outcome for one in found]
    store.teardown()
    assert outcomes == [Outcome.LABELLED] * len(found)
    return [one.name.rpartition("/")[2] for one in found]


def reasons(job: Job) -> list[str]:
    return list(told(job).values())


def put(path: Path, text: str = "x", time: int | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if time is not None:
        os.utime(path, ns=(time, time))


@pytest.fixture(params=["folder", "bucket"])
def results(request: pytest.FixtureRequest, storage: CloudStorage, tmp_path: Path) -> Location | Path:
    """A place for results, of both kinds."""
    return tmp_path / "out" if request.param == "folder" else BUCKET


def test_names_of_results(storage: CloudStorage, tmp_path: Path) -> None:
    """A result has the name of its picture below the folder of the input, wherever that is."""
    put(tmp_path / "in" / "2024" / "a.png")
    label(job_of(tmp_path / "in", tmp_path / "out"))
    label(job_of(tmp_path / "in" / "**" / "*.png", BUCKET))
    label(job_of(tmp_path / "in" / "2024" / "a.png", tmp_path / "one"))
    assert [path.relative_to(tmp_path) for path in (tmp_path / "out").rglob("*.*")] == [Path("out/2024/a.png.json")]
    assert storage.names("results") == ["labels/2024/a.png.json"]
    assert os.listdir(tmp_path / "one") == ["a.png.json"]


TIME = 1_700_000_000_000_000_000  # nanoseconds
REPLACEMENTS: dict[str, tuple[str, int]] = {
    "newer": ("y", TIME + 1),
    "older": ("y", TIME - 10**15),
    "before 1970": ("y", -5),
    "at zero": ("y", 0),
    "in the next century": ("y", 6_000_000_000_000_000_000),
    "larger with the same time": ("yy", TIME),
}


@pytest.mark.parametrize("kind", REPLACEMENTS)
def test_replaced(results: Location | Path, tmp_path: Path, kind: str) -> None:
    """A picture that is replaced is labelled anew, whatever time the other one has; then once more for the first."""
    text, time = REPLACEMENTS[kind]
    job, picture = job_of(f"{tmp_path}/in/**", results), tmp_path / "in" / "a.png"
    for content, at in (("x", TIME), (text, time), ("x", TIME)):
        put(picture, content, at)
        assert label(job) == ["a.png"]
        assert label(job) == []
        assert reasons(job) == [HAS_RESULT]


@pytest.mark.parametrize("move", [os.rename, shutil.copytree], ids=["renamed", "copied"])
def test_moved(results: Location | Path, tmp_path: Path, move: Callable[[Path, Path], object]) -> None:
    """Pictures that are moved, or copied with their times, keep their results, which may be moved as well."""
    for name in ("a.png", "2024/b.png"):
        put(tmp_path / "in" / name, name)
    label(job_of(tmp_path / "in", results))
    move(tmp_path / "in", tmp_path / "elsewhere")
    if isinstance(results, Path):
        move(results, tmp_path / "moved")
        results = tmp_path / "moved"
    assert label(job_of(tmp_path / "elsewhere", results)) == []
    put(tmp_path / "elsewhere" / "c.png")
    assert label(job_of(tmp_path / "elsewhere", results)) == ["c.png"]


def forget(path: Path) -> None:
    """Make a result one that earlier versions wrote: it may even be by hand."""
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"source": {"generation": document["source"]["generation"]}}))


@pytest.mark.parametrize("is_bare", [False, True])
def test_old_places(tmp_path: Path, is_bare: bool) -> None:
    """Results at the places where they once were are found; that of a picture that was replaced is where it is now."""
    pictures, old = tmp_path / "in", tmp_path / "out" / str(tmp_path).removeprefix("/") / "in"
    for name in ("a.png", "2024/b.png"):
        put(pictures / name, name, TIME)
    job = job_of(pictures, tmp_path / "out")
    label(job_of(pictures, old))
    if is_bare:
        forget(old / "a.png.json")
    assert label(job) == []
    put(pictures / "a.png", "y", TIME - 1)
    assert label(job) == ["a.png"]
    assert (tmp_path / "out" / "a.png.json").exists()
    assert label(job) == []
    put(pictures / "a.png", "a.png", TIME)  # as it was when the old result was written
    assert label(job) == ["a.png"]


def test_old_places_in_buckets(storage: CloudStorage, tmp_path: Path) -> None:
    """The same in a bucket, where earlier versions noted neither path nor size."""
    put(tmp_path / "in" / "a.png", "x", TIME)
    name = f"labels/{str(tmp_path).removeprefix('/')}/in/a.png.json"
    job = job_of(tmp_path / "in", BUCKET)
    metadata = {"source-generation": str(TIME), "outcome": "final", "model-version": INFO.version}
    storage.put("results", name, b"{}", "application/json", metadata=metadata)
    assert label(job) == []
    put(tmp_path / "in" / "a.png", "x", TIME - 1)
    assert label(job) == ["a.png"]
    assert storage.names("results") == ["labels/a.png.json", name]


def test_two_folders(results: Location | Path, tmp_path: Path) -> None:
    """Files of two folders with the same name do not take each other's result, unless the other file is gone."""
    put(tmp_path / "2023" / "a.png", "x", TIME)
    put(tmp_path / "2024" / "a.png", "y", TIME + 1)
    put(tmp_path / "2024" / "b.png", "y", TIME + 1)
    assert label(job_of(tmp_path / "2023", results)) == ["a.png"]
    assert label(job_of(tmp_path / "2024", results)) == ["b.png"]
    assert reasons(job_of(tmp_path / "2024", results)) == [TAKEN, HAS_RESULT]
    assert reasons(job_of(tmp_path / "2023", results)) == [HAS_RESULT]
    (tmp_path / "2023" / "a.png").unlink()
    assert label(job_of(tmp_path / "2024", results)) == ["a.png"]


def test_bare_results(tmp_path: Path) -> None:
    """A result that names neither file nor size is judged by its time, and is nobody else's."""
    put(tmp_path / "in" / "a.png", "x", TIME)
    job = job_of(tmp_path / "in", tmp_path / "out")
    label(job)
    forget(tmp_path / "out" / "a.png.json")
    assert reasons(job) == [HAS_RESULT]
    put(tmp_path / "in" / "a.png", "x", TIME - 1)
    assert label(job) == ["a.png"]


def test_folder_and_bucket(results: Location | Path, storage: CloudStorage, tmp_path: Path) -> None:
    """Neither do a file and an object."""
    put(tmp_path / "photos" / "a.png", "x", TIME)
    storage.put("photos", "a.png", b"y", "image/png")
    objects, files = job_of("gs://photos", results), job_of(f"{tmp_path}/**", results)
    assert label(objects) == ["a.png"]
    assert reasons(files)[-1] == TAKEN
    put(tmp_path / "photos" / "b.png", "x", TIME)
    storage.put("photos", "b.png", b"y", "image/png")
    label(files)
    assert reasons(objects) == [HAS_RESULT, TAKEN]


def test_long_names(results: Location | Path, tmp_path: Path) -> None:
    """Results of long names are known by the part below the input's folder, too."""
    name = "/".join(["ü" * 100] * 6) + ".png"
    put(tmp_path / "in" / name)
    assert len(label(job_of(tmp_path / "in", results))) == 1
    os.rename(tmp_path / "in", tmp_path / "elsewhere")
    assert label(job_of(tmp_path / "elsewhere", results)) == []


def test_replaced_while_labelled(results: Location | Path, tmp_path: Path) -> None:
    """What was replaced or deleted before its result was stored leaves the result that is there as it is."""
    picture = tmp_path / "in" / "a.png"
    put(picture, "x", TIME)
    job = job_of(tmp_path / "in", results)
    (before,) = survey(job)
    put(picture, "y", TIME - 1)
    label(job)
    store = Store(job)
    store.setup()
    assert store.work((before, SCORES, b"")).outcome is Outcome.SUPERSEDED
    assert reasons(job) == [HAS_RESULT]
    picture.unlink()
    assert store.work((before, SCORES, b"")).outcome is Outcome.SUPERSEDED
    store.teardown()
