"""Scores of every size are labels; models need not end in a softmax."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from backfill.pattern import Pattern
from predictor import Classifier
from predictor.__main__ import main as predict
from service.location import Location
from service.outcome import Outcome
from tests.backfill import runs
from tests.backfill.models import with_ending
from tests.conftest import SAMPLES

LABELS = 10


@pytest.fixture(scope="module")
def negative_model(digits_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with every score below zero, in the reverse order."""
    return with_ending(digits_model, ["Neg"], tmp_path_factory.mktemp("negative") / "model.onnx")


def test_below_zero(negative_model: Path, tmp_path: Path) -> None:
    """Results, lines and the command line give all the labels that the classifier gives, with the same scores."""
    pictures = Pattern.parse(str(SAMPLES))
    job = replace(runs.job_of(negative_model), pictures=pictures, results=Location.of_path(f"{tmp_path}/objects"))
    lines = replace(job, output="jsonl", results=Location.of_path(f"{tmp_path}/lines"))
    assert runs.run(job).outcomes == runs.run(lines).outcomes == {Outcome.LABELLED: 10}
    paths = sorted(SAMPLES.iterdir())
    done = CliRunner().invoke(predict, [str(negative_model), *map(str, paths), "--json", "--top-k", str(LABELS)])
    printed = {Path(found["file"]).name: found for found in map(json.loads, done.stdout.splitlines())}
    (written,) = (tmp_path / "lines").glob("predictions-*")
    line_of = {
        Path(line["instance"]["content"]).name: line for line in map(json.loads, written.read_text().splitlines())
    }
    for path in paths:
        found = Classifier.load(negative_model).classify(path.read_bytes())
        assert len(found) == LABELS
        assert all(one.score < 0 for one in found)
        predictions = [{"label": one.label, "score": one.score} for one in found]
        (result,) = (tmp_path / "objects").rglob(f"{path.name}.json")
        stored = json.loads(result.read_text())
        assert stored["predictions"] == printed[path.name]["predictions"] == predictions
        assert line_of[path.name]["prediction"]["displayNames"] == [one.label for one in found]
        assert line_of[path.name]["prediction"]["confidences"] == [one.score for one in found]
