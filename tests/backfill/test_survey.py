"""What is to be labelled, and in which pages."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from apache_beam.pvalue import TaggedOutput
from hypothesis import given, settings
from hypothesis import strategies as st

from backfill.job import Job
from backfill.objects.pattern import Pattern
from backfill.pipeline.existing_results import HAS_OTHERS, HAS_RESULT
from backfill.pipeline.finished import Finished
from backfill.pipeline.page import WHOLE, ListingPage
from backfill.pipeline.reading import PAGE, List
from backfill.pipeline.survey import survey
from predictor import Decoding, Limits, ModelInfo, Provenance
from storage.location import Location
from storage.upload import Upload
from tests.backfill.test_listing import SEGMENTS, make

INFO = ModelInfo("pets", "a1", ("cat",), "softmax", Decoding(), (), Provenance("pets", "", "", "", ""))


def job_for(folder: str) -> Job:
    """Label the files in `in`, with the results in `out`."""
    pictures = Pattern("", f"{folder.removeprefix('/')}/in/**")
    return Job(pictures, Location.of_path(f"{folder}/out"), "model.onnx", INFO, Limits())


def put_result(folder: str, name: str, model: str = "a1", *, newer: int = 0, error: int | None = None) -> None:
    """Store a result for a file."""
    path = Path(f"{folder}/out/{name}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    generation = Path(f"/{name}").stat().st_mtime_ns + newer
    found: dict[str, object] = {"error": {"code": error}} if error else {"predictions": []}
    path.write_text(json.dumps(found | {"source": {"generation": str(generation)}, "model": {"version": model}}))


def to_do(job: Job, page: ListingPage = WHOLE) -> list[str]:
    return [found.name for found in survey(job, page) if isinstance(found, Upload)]


def told(job: Job) -> dict[str, str]:
    """Why the others are not to be labelled, by name."""
    return {found.source.name: found.reason for found in survey(job) if isinstance(found, Finished)}


def pages(job: Job) -> list[ListingPage]:
    return [page for page in List(job).process(WHOLE) if not isinstance(page, TaggedOutput)]


@settings(max_examples=40, deadline=None)
@given(st.sets(SEGMENTS, max_size=12), st.data())
def test_no_result_is_missed(paths: set[str], data: st.DataObject) -> None:
    """Exactly what has no result is to be labelled, however the names of pictures and results are sorted."""
    with tempfile.TemporaryDirectory() as folder:
        Path(f"{folder}/in").mkdir()
        names = make(Path(f"{folder}/in"), paths)
        labelled = data.draw(st.sets(st.sampled_from(names))) if names else set()
        for name in labelled:
            put_result(folder, name)
        job = job_for(folder)
        expected = [name for name in names if name not in labelled]
        assert to_do(job) == expected
        assert [name for page in pages(job) for name in to_do(job, page)] == expected


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ({}, HAS_RESULT),
        ({"error": 415}, HAS_RESULT),
        ({"error": 503}, None),
        ({"newer": -1}, None),
        ({"newer": 1}, None),
        ({"model": "b2"}, HAS_OTHERS),
        ({"model": "b2", "error": 503}, None),
    ],
)
def test_results_that_are_there(tmp_path: Path, result: dict[str, object], reason: str | None) -> None:
    """What is known for good of this file is left; a fault's record and results of other times are replaced."""
    (tmp_path / "in").mkdir()
    (name,) = make(tmp_path / "in", {"a.png"})
    put_result(str(tmp_path), name, **result)  # type: ignore[arg-type]
    assert told(job_for(str(tmp_path))) == ({name: reason} if reason else {})


def test_relabel(tmp_path: Path) -> None:
    """With --relabel what another model found is replaced, what this one found is not."""
    (tmp_path / "in").mkdir()
    ours, others = make(tmp_path / "in", {"a.png", "b.png"})
    put_result(str(tmp_path), ours)
    put_result(str(tmp_path), others, model="b2")
    assert to_do(replace(job_for(str(tmp_path)), relabels=True)) == [others]


def test_selection(tmp_path: Path) -> None:
    """The pattern says what is asked for; what it names and EXCLUDE or RESULTS rule out is left with the reason."""
    for name in ("in/a.png", "in/b.txt", "in/sub/c.png", "in/out/d.png.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    prefix = str(tmp_path).removeprefix("/")
    job = replace(
        job_for(str(tmp_path)), results=Location.of_path(f"{tmp_path}/in/out"), exclude=(f"{prefix}/in/*.txt",)
    )
    assert told(job) == {
        f"{prefix}/in/b.txt": "EXCLUDE matches its name",
        f"{prefix}/in/out/d.png.json": "it lies below RESULTS",
    }
    assert to_do(job) == [f"{prefix}/in/a.png", f"{prefix}/in/sub/c.png"]
    assert to_do(replace(job, pictures=Pattern("", f"{prefix}/in/*.png"))) == [f"{prefix}/in/a.png"]


@pytest.mark.parametrize(("limit", "sizes"), [(None, [PAGE, PAGE, 7]), (PAGE, [PAGE]), (PAGE + 1, [PAGE, 1])])
def test_pages(tmp_path: Path, limit: int | None, sizes: list[int]) -> None:
    """A page has PAGE pictures to label, however many without work lie between them; --limit ends the last."""
    (tmp_path / "in").mkdir()
    names = make(tmp_path / "in", {f"{number}.png" for number in range(2 * (2 * PAGE + 7))})
    for name in names[::2]:
        put_result(str(tmp_path), name)
    job = replace(job_for(str(tmp_path)), limit=limit)
    found = pages(job)
    assert [len(page.digests) for page in found] == [len(to_do(job, page)) for page in found] == sizes
