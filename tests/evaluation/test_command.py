"""`python -m predictor model.onnx --evaluate`: a model is measured on pictures with labels."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from sklearn import metrics

from emulator import CloudStorage
from evaluation import scoring
from predictor import Classifier
from predictor.__main__ import main
from tests.conftest import ROOT, SAMPLES
from tests.evaluation.conftest import SWAPPED


def run(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def measured(*arguments: object) -> dict[str, Any]:
    """What it prints as JSON."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def answers(digits_model: Path, digits_folder: Path) -> tuple[list[str], list[str], list[float]]:
    """The labels of all pictures, what the model answers, and its scores: one after the other, in this process."""
    classifier = Classifier.load(digits_model)
    pictures = sorted(digits_folder.rglob("*.png"))
    best = [classifier.classify(picture.read_bytes(), 1)[0] for picture in pictures]
    return [picture.parent.name for picture in pictures], [one.label for one in best], [one.score for one in best]


@pytest.fixture(scope="module")
def found(digits_model: Path, digits_folder: Path) -> dict[str, Any]:
    """The document about the example."""
    return measured(digits_model, "--evaluate", digits_folder)


def test_figures(found: dict[str, Any], answers: tuple[list[str], list[str], list[float]]) -> None:
    """Accuracy, precision, recall and the confusion matrix are scikit-learn's."""
    known, best, _ = answers
    names = [label["label"] for label in found["labels"]]
    assert found["pictures"] == len(known)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(known, best))
    precision, recall, _, support = metrics.precision_recall_fscore_support(known, best, labels=names)
    for key, values in (("precision", precision), ("recall", recall), ("pictures", support)):
        assert [label[key] for label in found["labels"]] == pytest.approx(list(values))
    matrix = np.zeros((len(names), len(names)), int)
    for pair in found["confusion"]:
        matrix[names.index(pair["label"]), names.index(pair["answered"])] = pair["pictures"]
    assert (matrix == metrics.confusion_matrix(known, best, labels=names)).all()


def test_calibration(found: dict[str, Any], answers: tuple[list[str], list[str], list[float]]) -> None:
    """The bins hold all pictures, and the error is the weighted mean of their differences."""
    known, best, scores = answers
    right = np.array(known) == np.array(best)
    edges = np.linspace(0, 1, 11)
    which = np.digitize(scores, edges, right=True)
    error = sum(abs((right[which == at] - np.array(scores)[which == at]).sum()) for at in set(which)) / len(scores)
    assert found["calibration"]["error"] == pytest.approx(error)
    assert sum(one["pictures"] for one in found["calibration"]["bins"]) == len(scores)


def test_planted_errors_come_first(found: dict[str, Any]) -> None:
    """Ones that lie among the sevens are the most certainly wrong."""
    first = found["most_certainly_wrong"][:SWAPPED]
    assert {(one["label"], one["answered"]) for one in first} == {("7", "1")}
    assert all("-one.png" in one["picture"] for one in first)


def test_one_process_or_several(
    digits_model: Path, digits_folder: Path, found: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document is the same to the last digit, however many processors there are."""
    monkeypatch.setattr(scoring, "processors", lambda: 1 if scoring.os.cpu_count() != 1 else 2)
    assert measured(digits_model, "--evaluate", digits_folder) == found


def test_summary(digits_model: Path, digits_folder: Path) -> None:
    """The summary says accuracy with its interval, and what is most certainly wrong."""
    text = run(digits_model, "--evaluate", digits_folder).stdout
    assert "(95 % interval " in text
    assert "Most certainly wrong" in text


def test_what_is_left_out(digits_model: Path, tmp_path: Path) -> None:
    """Files that are no pictures and labels that the model does not know are told, and are in no figure."""
    for label in ("3", "three", ".hidden"):
        (tmp_path / label).mkdir()
        shutil.copy(SAMPLES / "3.png", tmp_path / label)
    (tmp_path / "3" / "notes.txt").write_text("no picture")
    found = measured(digits_model, "--evaluate", tmp_path)
    assert (found["pictures"], found["unreadable"], found["unknown_labels"]) == (1, 1, {"three": 1})
    assert found["unreadable_pictures"][0]["picture"].endswith("notes.txt")
    text = run(digits_model, "--evaluate", tmp_path).stdout
    assert "three (1)" in text
    assert "notes.txt: " in text


FILES = {
    "a.csv": "test,{}/3.png,3\nTRAIN,{}/4.png,5\n,{}/5.png,5\n",
    "without-use.csv": '\ufeff"{}/3.png", 3\r\n',
    "a.jsonl": "\n".join(
        json.dumps(
            {
                "imageGcsUri": f"{{}}/{name}.png",
                "classificationAnnotation": {"displayName": label},
                "dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": use},
            }
        )
        for name, label, use in (("3", "3", "test"), ("4", "5", "training"))
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_import_files(name: str, digits_model: Path, tmp_path: Path) -> None:
    """Of an import file the rows for test are taken, where there are such; a path may stand for an address."""
    (tmp_path / name).write_text(FILES[name].replace("{}", str(SAMPLES)), encoding="utf-8")
    found = measured(digits_model, "--evaluate", tmp_path / name)
    assert (found["pictures"], found["accuracy"]) == (1, 1.0)
    assert found["ml_use"] == ("all" if "without" in name else "test")


def test_other_use(digits_model: Path, tmp_path: Path) -> None:
    """--ml-use takes other rows; paths count from the file's folder."""
    shutil.copy(SAMPLES / "4.png", tmp_path)
    (tmp_path / "a.csv").write_text("test,3.png,3\ntraining,4.png,5\n")
    found = measured(digits_model, "--evaluate", tmp_path / "a.csv", "--ml-use", "training")
    assert (found["pictures"], found["accuracy"]) == (1, 0.0)


def test_addresses(digits_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects in Cloud Storage are read; one that is not there is told."""
    (tmp_path / "a.csv").write_text("gs://photos/3.png,3\ngs://photos/none.png,3\n")
    scoring.classifier.cache_clear()
    with CloudStorage(["photos"]) as storage:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
        storage.put("photos", "3.png", (SAMPLES / "3.png").read_bytes())
        found = measured(digits_model, "--evaluate", tmp_path / "a.csv")
    assert (found["pictures"], found["accuracy"]) == (1, 1.0)
    assert found["unreadable_pictures"] == [{"picture": "gs://photos/none.png", "reason": "There is no such object."}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it names no pictures"),
        ("test,\n", "line 1: it names no picture"),
        ('{"imageGcsUri": 3}', "line 1: it is not of the form"),
        ('{"imageGcsUri": "a"}\n{', "line 2: it is not JSON"),
        ("3.png,3,4\n", "several labels ('3', '4')"),
        ("3.png,three\n", "knows none of the labels of these pictures ('three')"),
        ("none.png,3\n", "None of the 1 pictures could be classified."),
        ("[" * 5000, "could be"),
    ],
)
def test_refusals(text: str, said: str, digits_model: Path, tmp_path: Path) -> None:
    """What cannot be measured is refused with a sentence that says where and why."""
    (tmp_path / "file").write_text(text if text[:1] != "[" else f"{text},3")
    result = run(digits_model, "--evaluate", tmp_path / "file")
    assert result.exit_code == 1
    assert said in result.stderr
    assert result.stdout == ""


def test_no_folders(digits_model: Path, tmp_path: Path) -> None:
    """A folder without folders has no labels."""
    result = run(digits_model, "--evaluate", tmp_path)
    assert (result.exit_code, "there are no folders in it" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [(), ("--evaluate", "x", "y.png"), ("y.png", "--error", "0.1"), ("--evaluate", "x", "-o", "y"), ("--error", "1")],
)
def test_options_that_say_nothing(arguments: tuple[str, ...], digits_model: Path) -> None:
    """Options that mean nothing together are refused."""
    assert run(digits_model, *arguments).exit_code == 2


def test_decision(digits_model: Path, digits_folder: Path, tmp_path: Path) -> None:
    """--error writes a copy whose answers say what is sure enough; the scores stay."""
    copy = tmp_path / "copy.onnx"
    found = measured(digits_model, "--evaluate", digits_folder, "--error", "0.1", "-o", copy)
    decision = Classifier.load(copy).info.decision
    assert decision is not None
    assert (decision.score, decision.error) == (found["decision"]["score"], 0.1)
    assert found["decision"]["bound"] <= 0.1
    answer, before = (json.loads(run(model, SAMPLES / "3.png", "--json").stdout) for model in (copy, digits_model))
    assert answer == before | {"decision": "3"}


def test_no_decision(digits_model: Path, digits_folder: Path, tmp_path: Path) -> None:
    """Where pictures prove too little there is no copy, the rest is told, and the exit code is 1."""
    result = run(digits_model, "--evaluate", digits_folder, "--error", "0.001", "-o", tmp_path / "copy.onnx", "--json")
    assert result.exit_code == 1
    assert "At least 2,995 of them" in result.stderr
    assert json.loads(result.stdout)["decision"] is None
    assert not (tmp_path / "copy.onnx").exists()


def test_without_tensorflow(digits_model: Path, digits_folder: Path, tmp_path: Path) -> None:
    """Nothing of the export is loaded, for the page neither."""
    program = (
        "import sys; from evaluation import command; from pathlib import Path\n"
        "if __name__ == '__main__':\n"
        "    model, folder, report = map(Path, sys.argv[1:])\n"
        "    assert command.run(model, command.EvaluationOptions(folder, report=report, as_json=True)) == 0\n"
        "    print(*{'tensorflow', 'onnx', 'export', 'keras', 'rich'} & set(sys.modules), file=sys.stderr)\n"
    )
    (tmp_path / "program.py").write_text(program)
    command = [sys.executable, tmp_path / "program.py", digits_model, digits_folder, tmp_path / "page.html"]
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert (done.returncode, done.stderr.strip()) == (0, "")
