"""Answers that somebody saw, in the forms in which products write them, beside those of a model."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from evaluation.errors import EvaluationError
from evaluation.expected import reader
from evaluation.expected.answers import BadAnswers, ExpectedAnswer
from evaluation.expected.comparison import compare
from evaluation.expected.matching import Pictures
from predictor import Classifier
from predictor.__main__ import main
from tests.conftest import ROOT, SAMPLES

ANSWERS = (ROOT / "docs" / "answers.md").read_text(encoding="utf-8")
Answers = dict[str, np.ndarray]
NAMES = ["3.png", "5.png", "7.png", "8.png"]


@pytest.fixture(scope="module")
def classifier(digits_model: Path) -> Classifier:
    """The example."""
    return Classifier.load(digits_model)


@pytest.fixture(scope="module")
def truth(classifier: Classifier) -> Answers:
    """The model's own scores, by the name of the picture."""
    return {name: classifier.scores(classifier.decode((SAMPLES / name).read_bytes())) for name in NAMES}


def rounded(scores: np.ndarray, decimals: int = 4) -> list[float]:
    return [round(float(score), decimals) for score in scores]


def vertex(truth: Answers) -> str:
    """https://cloud.google.com/vertex-ai/docs/image-data/classification/interpret-results."""
    rows = []
    for name, scores in truth.items():
        best = np.argsort(-scores)[:5]
        prediction = {
            "ids": [str(9000 + index) for index in best],
            "displayNames": [str(index) for index in best],
            "confidences": rounded(scores[best]),
        }
        rows.append({"instance": {"content": f"gs://b/in/{name}", "mimeType": "image/png"}, "prediction": prediction})
    return "\n".join(map(json.dumps, rows))


def edge(truth: Answers) -> str:
    """What AutoML's container answers, kept by key."""
    predictions = [
        {"key": name, "labels": [str(index) for index in range(10)], "scores": rounded(scores)}
        for name, scores in truth.items()
    ]
    return "\n".join(map(json.dumps, predictions))


def custom(truth: Answers) -> str:
    """Batch predictions of a custom model: a list of scores for each instance."""
    rows = ({"instance": {"key": name}, "prediction": rounded(scores)} for name, scores in truth.items())
    return "\n".join(map(json.dumps, rows))


def by_name(truth: Answers) -> str:
    """An endpoint's answers, by the name of the picture."""
    documents = {
        name: {"predictions": [{"displayNames": ["3", "5"], "confidences": rounded(scores[[3, 5]])}]}
        for name, scores in truth.items()
    }
    return json.dumps(documents, indent=1)


def lists_by_name(truth: Answers) -> str:
    return json.dumps({name: rounded(scores) for name, scores in truth.items()})


def serving(truth: Answers) -> str:
    """What TensorFlow Serving answers where a model has a named output."""
    return json.dumps([{"file": name, "predictions": [{"scores": rounded(scores)}]} for name, scores in truth.items()])


def long_table(truth: Answers) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["image", "label", "confidence"])
    writer.writerows([name, index, f"{scores[index]:.4f}"] for name, scores in truth.items() for index in (3, 8))
    return file.getvalue()


def wide_table(truth: Answers) -> str:
    heading = ";".join(["file", *map(str, range(10))])
    return "\n".join([heading, *(";".join([name, *map(str, rounded(scores))]) for name, scores in truth.items())])


def bare_table(truth: Answers) -> str:
    return "\n".join(",".join([name, "8", f"{scores[8]:.4f}"]) for name, scores in truth.items())


FORMS: dict[str, Callable[[Answers], str]] = {
    form.__name__: form
    for form in (vertex, edge, custom, by_name, lists_by_name, serving, long_table, wide_table, bare_table)
}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with the pictures, in folders of their own."""
    for name in NAMES:
        folder = tmp_path / "pictures" / name[0]
        folder.mkdir(parents=True)
        shutil.copy(SAMPLES / name, folder)
    return tmp_path / "pictures"


def run(model: Path, expected: Path, pictures: Path, *options: Any) -> Result:
    arguments = [str(one) for one in (model, "--expected", expected, pictures, *options)]
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


@pytest.mark.parametrize("form", FORMS)
def test_forms(form: str, truth: Answers, pictures: Path, digits_model: Path, tmp_path: Path) -> None:
    """Every form is recognised by its content, and the model reproduces what is written in it."""
    file = tmp_path / "answers"
    file.write_text(FORMS[form](truth))
    result = run(digits_model, file, pictures)
    assert result.exit_code == 0, result.output
    assert "reproduces 4 of 4 answers to 4 decimals" in result.output


@pytest.mark.parametrize("form", FORMS)
def test_one_is_different(form: str, truth: Answers, pictures: Path, digits_model: Path, tmp_path: Path) -> None:
    """In every form one answer that differs by more than rounding is found, and ends with the exit code 1."""
    changed = truth | {"8.png": truth["8.png"] - np.float32([0, 0, 0, 0.0003, 0, 0.0003, 0, 0, 0.0003, 0])}
    file = tmp_path / "answers"
    file.write_text(FORMS[form](changed))
    result = run(digits_model, file, pictures, "--json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["pictures"], document["reproduced"]) == (1, 4, 3)
    assert document["worst"][0]["file"] == str(pictures / "8" / "8.png")
    assert document["worst"][0]["difference"] == pytest.approx(0.0003, abs=6e-5)


@pytest.mark.parametrize("decimals", [1, 2, 3, 4])
def test_decimals(decimals: int, truth: Answers, pictures: Path, digits_model: Path, tmp_path: Path) -> None:
    """Scores are compared to the decimals that were written."""
    file = tmp_path / "answers.json"
    file.write_text(json.dumps({name: rounded(scores, decimals) for name, scores in truth.items()}))
    assert run(digits_model, file, pictures).exit_code == 0
    step = 10.0**-decimals
    moved = {name: [score + 1.1 * step for score in rounded(scores, decimals)] for name, scores in truth.items()}
    file.write_text(json.dumps({name: [round(one, decimals) for one in scores] for name, scores in moved.items()}))
    assert run(digits_model, file, pictures).exit_code == 1


def test_percent(truth: Answers, pictures: Path, digits_model: Path, tmp_path: Path) -> None:
    """Scores in percent are recognised, and said."""
    file = tmp_path / "answers.json"
    file.write_text(json.dumps({name: rounded(scores * 100, 2) for name, scores in truth.items()}))
    result = run(digits_model, file, pictures)
    assert (result.exit_code, "The scores are in percent." in result.output) == (0, True)


def test_percent_signs(truth: Answers, pictures: Path, digits_model: Path, tmp_path: Path) -> None:
    """A percent sign in a table is understood."""
    file = tmp_path / "answers.csv"
    file.write_text("\n".join(f"{name},8,{100 * scores[8]:.1f}%" for name, scores in truth.items()))
    result = run(digits_model, file, pictures)
    assert (result.exit_code, "to 3 decimals" in result.output) == (0, True)


def test_logits(truth: Answers, pictures: Path, digits_model: Path, tmp_path: Path) -> None:
    """Logits are recognised where all are listed, and said."""
    file = tmp_path / "answers.json"
    logits = {name: rounded(np.log(np.maximum(scores, 1e-30)) + 3, 5) for name, scores in truth.items()}
    file.write_text(json.dumps(logits))
    result = run(digits_model, file, pictures)
    assert (result.exit_code, "The scores are logits" in result.output) == (0, True)


def test_other_order() -> None:
    """Labels that have each other's scores throughout are named; that is no reproduction."""
    random, labels = np.random.default_rng(3), ("cat", "dog", "bird")
    answered = []
    for number in range(4):
        scores = random.dirichlet([1, 1, 1])
        written = [Decimal(f"{scores[index]:.4f}") for index in (0, 2, 1)]
        answered.append((ExpectedAnswer(f"{number}.png", dict(zip(labels, written))), f"{number}.png", scores))
    found = compare(answered, labels)
    assert (found.reproduced, found.order) == (0, {"dog": "bird", "bird": "dog"})


def test_results(truth: Answers, pictures: Path, digits_model: Path, tmp_path: Path) -> None:
    """A folder of stored results is read; those that say why there are no labels are told."""
    folder = tmp_path / "results"
    for name, scores in truth.items():
        predictions = [{"label": str(index), "score": float(scores[index])} for index in np.argsort(-scores)[:2]]
        document = {
            "source": {"bucket": "photos", "name": f"{name[0]}/{name}", "generation": "1"},
            "model": {"name": "digits", "version": "1"},
            "predictions": predictions,
        }
        path = folder / "photos" / name[0] / f"{name}.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(document))
    error = {"source": {"bucket": "photos", "name": "x.png"}, "model": None, "error": {"code": 415, "message": "no"}}
    (folder / "photos" / "x.png.json").write_text(json.dumps(error))
    result = run(digits_model, folder, pictures)
    assert result.exit_code == 0, result.output
    assert "results of this software" in result.output
    assert "gs://photos/x.png: no" in result.output


def test_folder_of_vertex(truth: Answers, pictures: Path, digits_model: Path, tmp_path: Path) -> None:
    """A folder of batch predictions is read, with the pictures that failed."""
    folder = tmp_path / "prediction-model"
    folder.mkdir()
    lines = vertex(truth).splitlines()
    for number, line in enumerate(lines):
        (folder / f"predictions_{number:05}.jsonl").write_text(line)
    (folder / "errors_00001.jsonl").write_text(json.dumps({"instance": "gs://b/no.png", "error": {"message": "bad"}}))
    result = run(digits_model, folder, pictures)
    assert result.exit_code == 0, result.output
    assert "gs://b/no.png: bad" in result.output


def test_unmatched(truth: Answers, pictures: Path, digits_model: Path, tmp_path: Path) -> None:
    """Pictures that are not in the folder are told, and count for nothing."""
    file = tmp_path / "answers.json"
    file.write_text(lists_by_name(truth | {"elsewhere.png": truth["3.png"]}))
    result = run(digits_model, file, pictures)
    assert result.exit_code == 0
    assert "elsewhere.png" in result.output


def test_matching(tmp_path: Path) -> None:
    """The longest end of a path wins, then the name, then the name without its suffix; what is ambiguous is nothing."""
    for name in ("a/1.png", "b/1.png", "b/2.png", "c/3.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    pictures = Pictures(tmp_path)
    found = {name: pictures.address(name) for name in ("gs://x/y/b/1.png", "1.png", "C:\\old\\2.png", "3", "4.png")}
    assert found == {
        "gs://x/y/b/1.png": str(tmp_path / "b/1.png"),
        "1.png": None,
        "C:\\old\\2.png": str(tmp_path / "b/2.png"),
        "3": str(tmp_path / "c/3.jpg"),
        "4.png": None,
    }
    assert pictures.address("gs://x/9.png") == "gs://x/9.png"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no answers were found in it"),
        ("{", "it is not JSON"),
        ('{"predictions": [[0.1, 0.9]]}', "do not say which pictures they are for"),
        ('{"a": 1}\n{"b"', "line 2: it is not JSON"),
        ("a.png,cat\nb.png,dog\n", "no answers were found in it"),
        ('{"a.png": NaN}', "no answers were found in it"),
        ("[" * 100_000, "it is not JSON"),
    ],
)
def test_bad_files(text: str, sentence: str, tmp_path: Path) -> None:
    """What holds no answers is refused with what is wrong."""
    file = tmp_path / "answers"
    file.write_text(text)
    with pytest.raises(BadAnswers, match=sentence):
        reader.read(file)


def test_no_text(tmp_path: Path) -> None:
    """A picture given in place of answers is told so."""
    with pytest.raises(BadAnswers, match="it is not text"):
        reader.read(SAMPLES / "3.png")
    with pytest.raises(EvaluationError, match="no such folder"):
        Pictures(tmp_path / "nothing")


def test_page(truth: Answers, pictures: Path, digits_model: Path, tmp_path: Path) -> None:
    """The page shows the outcome, and the pictures of the answers that are not reproduced."""
    file, page = tmp_path / "answers.json", tmp_path / "page.html"
    file.write_text(lists_by_name(truth | {"8.png": truth["3.png"]}))
    assert run(digits_model, file, pictures, "--report", page).exit_code == 1
    text = page.read_text()
    assert "reproduces 3 of 4 answers" in text
    assert text.count("<img") == 1


@pytest.mark.parametrize("options", [["--evaluate", "x"], ["--error", "0.1"], []])
def test_wrong_options(options: list[str], digits_model: Path, tmp_path: Path) -> None:
    """Options that say nothing together are a wrong command line."""
    pictures = [] if not options else ["pictures"]
    result = CliRunner().invoke(main, [str(digits_model), "--expected", "x", *pictures, *options])
    assert (result.exit_code, "--expected goes with" in result.output) == (2, True)


def test_documentation(truth: Answers, digits_model: Path, tmp_path: Path) -> None:
    """docs/answers.md shows the command and what it prints, and every field of the JSON."""
    shutil.copy(digits_model, tmp_path / "model.onnx")
    (tmp_path / "my_pictures").mkdir()
    for name in ("3.png", "5.png", "8.png"):
        shutil.copy(SAMPLES / name, tmp_path / "my_pictures")
    lines = vertex({name: truth[name] for name in ("3.png", "5.png")}).splitlines()
    changed = {"displayNames": ["8"], "confidences": [0.5]}
    lines.append(json.dumps({"instance": {"content": "gs://b/8.png"}, "prediction": changed}))
    (tmp_path / "answers.jsonl").write_text("\n".join(lines))
    command, shown = re.findall(r"```sh\n(.*?)\n```\n\n```text\n(.*?)```", ANSWERS, re.DOTALL)[0]
    arguments = [sys.executable, *shlex.split(command)[1:]]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(arguments, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, shown)
    done = subprocess.run([*arguments, "--json"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    named = ANSWERS.split("| field of the JSON |")[1].split("\n\n")[0]
    assert (
        set(re.findall(r"`(\w+)`", "".join(re.findall(r"(?m)^\| (`.*?) \|", named)))) == json.loads(done.stdout).keys()
    )
