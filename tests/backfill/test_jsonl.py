"""`--output jsonl`: files of lines, in the form of Vertex AI's batch prediction."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from google.rpc.code_pb2 import Code

from backfill import preconditions
from backfill.job import Job
from backfill.objects.pattern import Pattern
from backfill.pipeline.failure import Failure
from backfill.pipeline.jsonl import Lines
from backfill.pipeline.pipeline import build
from emulator import Callback, CloudStorage, Status
from predictor import Classifier, Decoding, Limits, ModelInfo, Provenance
from results.outcome import Outcome
from storage.deadline import OutOfTime
from storage.location import Location
from storage.upload import Upload
from tests.backfill import commands
from tests.conftest import ROOT, SAMPLES

PICTURES = {f"{number}/{path.name}": path.read_bytes() for number in range(6) for path in SAMPLES.iterdir()}
BROKEN = {
    "empty.png": b"",
    "text.png": b"milk, eggs, flour",
    "large.png": bytes(20_000),
    "closed.png": PICTURES["0/3.png"],
}
CODES = {"empty.png": Code.INVALID_ARGUMENT, "text.png": Code.INVALID_ARGUMENT, "large.png": Code.OUT_OF_RANGE}
CODES |= {"closed.png": Code.PERMISSION_DENIED}
PATIENCE = 120  # seconds for what takes three, where nothing else goes on
MOST_BYTES = "--max-bytes=10000"


@pytest.fixture(scope="module")
def storage(digits_model: Path) -> Iterator[CloudStorage]:
    """A bucket with pictures, files that are none, and a picture that may not be read; and one with the model."""
    with CloudStorage(["photos", "results", "models"]) as storage:
        for name, data in (PICTURES | BROKEN).items():
            storage.put("photos", name, data, "image/png")
        storage.put("models", "digits.onnx", digits_model.read_bytes())
        storage.faults.add(Status(403), "read_media", name="closed.png", times=None)
        yield storage


@pytest.fixture(scope="module")
def files(storage: CloudStorage, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """The lines of each file that two workers wrote, as JSON."""
    options = ["--input=gs://photos", "--results=gs://results/run", "--model=gs://models/digits.onnx", MOST_BYTES]
    code, said = commands.run(storage, tmp_path_factory.mktemp("tmp"), *options, "--output=jsonl", "--workers=2")
    assert code == 1, said
    return {name: lines(storage.get("results", name).data) for name in storage.names("results")}


def job_for(pictures: Pattern, results: Location, labels: tuple[str, ...] = ("cat",)) -> Job:
    info = ModelInfo("pets", "a1", labels, "softmax", Decoding(), (), Provenance("pets", "", "", "", ""))
    return Job(pictures, results, "model.onnx", info, Limits(), output="jsonl")


def lines(data: bytes) -> list[Any]:
    return [json.loads(line) for line in data.decode().splitlines()]


def starting(files: dict[str, list[Any]], prefix: str) -> dict[str, Any]:
    """The lines of the files whose name begins so, by the name of the picture, which no two share."""
    found = [line for name, part in files.items() if name.startswith(prefix) for line in part]
    named = {line["instance"]["content"].removeprefix("gs://photos/"): line for line in found}
    assert len(named) == len(found)
    return named


def test_files(files: dict[str, list[Any]]) -> None:
    """There is a file of predictions from each worker, and nothing is left of what was temporary."""
    assert [name for name in files if "/errors-" not in name] == [
        "run/predictions-00000-of-00002.jsonl",
        "run/predictions-00001-of-00002.jsonl",
    ]
    assert all(files.values())


def test_predictions(files: dict[str, list[Any]], digits_model: Path) -> None:
    """Each picture has a line with what the classifier says, to the last bit."""
    classifier = Classifier.load(digits_model)
    found = starting(files, "run/predictions-")
    assert found.keys() == PICTURES.keys()
    for name, line in found.items():
        best = classifier.classify(PICTURES[name])
        assert line["instance"] == {"content": f"gs://photos/{name}", "mimeType": "image/png"}
        assert line["prediction"]["displayNames"] == [one.label for one in best]
        assert line["prediction"]["confidences"] == [one.score for one in best]
        assert line["prediction"]["ids"] == [str(classifier.info.labels.index(one.label)) for one in best]


def test_lines_in_the_docs(files: dict[str, list[Any]]) -> None:
    """docs/backfill.md shows lines of these fields, and the very error of an empty file."""
    text = (ROOT / "docs" / "backfill.md").read_text()
    prediction, error = (json.loads(line) for line in re.findall(r"^{.+}$", text, re.MULTILINE))
    for shown, written in (
        (prediction, starting(files, "run/predictions-")["0/3.png"]),
        (error, starting(files, "run/errors-")["empty.png"]),
    ):
        assert {key: list(value) for key, value in shown.items()} == {key: list(written[key]) for key in written}
    assert error["error"] == starting(files, "run/errors-")["empty.png"]["error"]
    assert all(f"{code} for" in text for code in {*CODES.values(), Code.NOT_FOUND})


def test_errors(files: dict[str, list[Any]]) -> None:
    """Each file without labels has a line with the code of google.rpc, and a reason."""
    found = starting(files, "run/errors-")
    assert {name: line["error"]["code"] for name, line in found.items()} == CODES
    assert found["empty.png"] == {
        "instance": {"content": "gs://photos/empty.png", "mimeType": "image/png"},
        "error": {"code": Code.INVALID_ARGUMENT, "message": "The file is empty."},
    }
    assert "roles/storage" in found["closed.png"]["error"]["message"]


def test_model_is_downloaded_once(storage: CloudStorage, files: dict[str, list[Any]]) -> None:
    """Two workers share one copy of the model, beside the one that the command looked at."""
    calls = [call for call in storage.requests if (call.operation, call.bucket) == ("read_media", "models")]
    assert len(calls) == 2


def test_files_of_two_runs(storage: CloudStorage, files: dict[str, list[Any]], tmp_path: Path) -> None:
    """A run does not begin where files of another are."""
    before = storage.names("results")
    options = ["--input=gs://photos", "--results=gs://results/run", "--model=gs://models/digits.onnx"]
    code, said = commands.run(storage, tmp_path, *options, "--output=jsonl")
    there = "gs://results/run/predictions-00000-of-00002.jsonl"
    assert (code, said) == (2, f"--results: {there} is there from an earlier run; name another place.\n")
    assert storage.names("results") == before


def test_names_that_are_patterns(storage: CloudStorage, tmp_path: Path) -> None:
    """Beam would take a folder's [name] for a pattern and not find its own files."""
    options = ["--input=gs://photos", f"--results={tmp_path}/[2024]", "--model=gs://models/digits.onnx"]
    code, said = commands.run(storage, tmp_path, *options, "--output=jsonl")
    assert (code, said) == (
        2,
        f"--results: {tmp_path}/[2024] has *, ? or [ in it, which names of jsonl files must not have.\n",
    )


def test_killed(storage: CloudStorage, digits_model: Path, tmp_path: Path) -> None:
    """What is killed in the middle leaves no file of predictions, and what it leaves is no hindrance to another run."""
    reached, gate = threading.Event(), threading.Event()
    left = iter(range(len(PICTURES) // 2))

    def wait_in_the_middle() -> None:
        if next(left, None) is None:
            reached.set()
            gate.wait(PATIENCE)

    rule = storage.faults.add(Callback(wait_in_the_middle), "read_media", bucket="photos", times=None)
    results = tmp_path / "results"
    options = ["--input=gs://photos/*/*", f"--results={results}", f"--model={digits_model.absolute()}"]
    options += ["--output=jsonl", "--workers=2"]
    process = commands.start(storage, tmp_path, *options)
    try:
        assert reached.wait(PATIENCE)
    finally:
        process.kill()
        process.communicate()
        rule.times = 0
        gate.set()
    assert not list(results.glob("predictions-*"))
    assert list(results.glob("beam-temp-predictions-*/*"))
    preconditions.check(job_for(Pattern.parse(str(SAMPLES)), Location.of_path(str(results))))


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Failure(Outcome.SUPERSEDED, 200, "gone"), Code.NOT_FOUND),
        (Failure.of(OutOfTime()), Code.UNAVAILABLE),
        (Failure.of(RuntimeError("broken")), Code.INTERNAL),
    ],
    ids=["gone", "late", "broken"],
)
def test_codes(failure: Failure, code: int) -> None:
    """Faults have the codes that Google's clients know; a file whose name is not Unicode does not end the work."""
    job = job_for(Pattern("", "**"), Location("", "out"))
    upload = Upload("", "in/\udcff.png", 1, None, 2, {})
    tagged, finished = Lines(job).process((upload, failure, b""))
    assert json.loads(tagged.value.encode()) == {
        "instance": {"content": "/in/\udcff.png"},
        "error": {"code": code, "message": failure.reason},
    }
    assert (tagged.tag, finished.outcome) == ("errors", failure.outcome)


def test_errors_of_the_network(digits_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that no picture explains stops no other picture; it has a line in a file of its own."""
    scores = Classifier.scores

    def scores_of_some(self: Classifier, pixels: Any) -> Any:
        if np.array_equal(pixels, three):
            raise RuntimeError("out of memory")
        return scores(self, pixels)

    classifier = Classifier.load(digits_model)
    three = classifier.decode((SAMPLES / "3.png").read_bytes())
    monkeypatch.setattr(Classifier, "scores", scores_of_some)
    pictures = Pattern.parse(str(SAMPLES))
    job = replace(job_for(pictures, Location.of_path(str(tmp_path))), model=str(digits_model), info=classifier.info)
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        build(job, pipeline)
    found = {path.name: lines(path.read_bytes()) for path in tmp_path.iterdir()}
    assert {name: len(part) for name, part in found.items()} == {
        "predictions-00000-of-00001.jsonl": 9,
        "errors-00000-of-00001-internal.jsonl": 1,
    }
    (line,) = found["errors-00000-of-00001-internal.jsonl"]
    assert line["instance"]["content"] == str(SAMPLES / "3.png")
    assert line["error"]["code"] == Code.INTERNAL
    assert "out of memory" in line["error"]["message"]


def test_labels_that_are_the_same() -> None:
    """Classes with the same label are told apart by their ids."""
    job = job_for(Pattern("photos", "**"), Location("", "out"), ("crane", "hen", "crane"))
    upload = Upload("photos", "a.jpg", 1, "image/jpeg", 2, {})
    scores = np.array([0.25, 0.0, 0.75], np.float32)
    tagged, finished = Lines(job).process((upload, scores, b""))
    assert json.loads(tagged.value)["prediction"] == {
        "ids": ["2", "0", "1"],
        "displayNames": ["crane", "crane", "hen"],
        "confidences": [0.75, 0.25, 0.0],
    }
    assert (finished.label, finished.score) == ("crane", 0.75)
