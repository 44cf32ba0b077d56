"""Scores of every size are labels; models need not end in a softmax."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from backfill.__main__ import main as backfill
from backfill.objects.pattern import Pattern
from backfill.pipeline.finished import NONE_GIVEN
from predictor import Classifier
from predictor.__main__ import main as predict
from results.outcome import Outcome
from storage.location import Location
from tests.backfill import runs
from tests.backfill.models import with_ending, with_independent_labels
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


@pytest.fixture(scope="module")
def several(digits_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose labels do not exclude each other; for most pictures several have high scores."""
    return with_independent_labels(digits_model, tmp_path_factory.mktemp("several") / "model.onnx")


@pytest.mark.parametrize("min_score", [None, 0.6])
def test_several_labels(several: Path, tmp_path: Path, min_score: float | None) -> None:
    """Pictures count for, and are shown below, each label that they are given; results have what is asked for."""
    pictures = Pattern.parse(str(SAMPLES))
    job = replace(runs.job_of(several), pictures=pictures, results=Location.of_path(f"{tmp_path}/objects"))
    job = replace(job, top_k=3, min_score=min_score, thumbnails=True)
    lines = replace(job, output="jsonl", results=Location.of_path(f"{tmp_path}/lines"))
    summary, of_lines = runs.run(job), runs.run(lines)
    classifier, least = Classifier.load(several), min_score or 0.5
    found = {path.name: classifier.classify(path.read_bytes()) for path in SAMPLES.iterdir()}
    wanted = Counter(one.label for labels in found.values() for one in labels if one.score >= least)
    assert wanted.total() > len(found)
    assert summary.labels == of_lines.labels == wanted
    shown = {label: [one.score for one in kept] for label, kept in summary.least_certain.items()}
    assert shown == {
        label: sorted(
            one.score for labels in found.values() for one in labels if one.label == label and one.score >= least
        )
        for label in wanted
    }
    (written,) = (tmp_path / "lines").glob("predictions-*")
    said = {
        Path(line["instance"]["content"]).name: line["prediction"]["displayNames"]
        for line in map(json.loads, written.read_text().splitlines())
    }
    for name, labels in found.items():
        kept = [one.label for one in labels if min_score is None or one.score >= min_score][:3]
        (result,) = (tmp_path / "objects").rglob(f"{name}.json")
        assert [one["label"] for one in json.loads(result.read_text())["predictions"]] == kept == said[name]


def test_no_label(digits_model: Path, tmp_path: Path) -> None:
    """A picture without a label that is good enough is labelled, with an empty result, and shown below none."""
    job = replace(runs.job_of(digits_model), pictures=Pattern.parse(str(SAMPLES)), min_score=1.1, thumbnails=True)
    summary = runs.run(replace(job, results=Location.of_path(str(tmp_path))))
    assert summary.outcomes == {Outcome.LABELLED: 10}
    assert summary.labels == {NONE_GIVEN: 10}
    assert [one.label for one in summary.least_certain[NONE_GIVEN]] == [NONE_GIVEN] * 10
    assert all(json.loads(path.read_text())["predictions"] == [] for path in tmp_path.rglob("*.json"))


def test_options(several: Path, tmp_path: Path) -> None:
    """--top-k and --min-score, or the variables that stand for them, are what the job is about; others are refused."""
    command = ["--input", str(SAMPLES), "--results", str(tmp_path), "--model", str(several), "--dry-run"]
    for options, said in (
        (["--top-k", "0"], "It is '0', not a whole number above zero."),
        (["--min-score", "50%"], "It is '50%', not a number such as 0.5."),
    ):
        done = CliRunner().invoke(backfill, [*command, *options])
        assert (done.exit_code, said in done.output) == (2, True)
    assert CliRunner().invoke(backfill, [*command, "--top-k", "2", "--min-score=-0.5"]).exit_code == 0
    assert CliRunner().invoke(backfill, command, env={"TOP_K": "two"}).exit_code == 2
