"""`python -m predictor` from a command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from predictor import Classifier
from predictor.__main__ import main

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "examples" / "digits" / "samples"
NOT_AN_IMAGE = "This is text, not an image in one of the formats JPEG, PNG, GIF, BMP, WEBP."


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """A file that is not a picture."""
    path = tmp_path / "notes.txt"
    path.write_text("This is a text.")
    return path


@pytest.fixture(scope="module")
def digits(digits_model: Path) -> Classifier:
    return Classifier.load(digits_model)


def row(path: Path, width: int, classifier: Classifier, top_k: int = 3) -> str:
    """What is printed for one picture."""
    cells = [f"{best.score:6.1%} {best.label}" for best in classifier.classify(path.read_bytes(), top_k)]
    return "  ".join([str(path).ljust(width), *cells])


def test_module(digits_model: Path) -> None:
    """`python -m predictor` prints a line for a picture, the best label first, and ends with 0."""
    command = [sys.executable, "-m", "predictor", str(digits_model), "examples/digits/samples/3.png"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    path, score, label, *_ = done.stdout.split()
    assert (path, label) == ("examples/digits/samples/3.png", "3")
    assert float(score.removesuffix("%")) > 90


def test_table(digits_model: Path, digits: Classifier, tmp_path: Path) -> None:
    """Each picture has a line with its three best labels, below each other however long the names are."""
    renamed = tmp_path / "a rather long name.png"
    renamed.write_bytes((SAMPLES / "4.png").read_bytes())
    paths = [SAMPLES / "3.png", renamed]
    width = max(len(str(path)) for path in paths)
    result = run(digits_model, *paths)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [row(path, width, digits) for path in paths]


def test_top_k(digits_model: Path, digits: Classifier) -> None:
    """`--top-k` says how many labels a picture gets."""
    path = SAMPLES / "5.png"
    result = run("--top-k", "1", digits_model, path)
    assert result.stdout.splitlines() == [row(path, len(str(path)), digits, top_k=1)]


def test_json(digits_model: Path, digits: Classifier) -> None:
    """`--json` prints one object a line, with the scores in full."""
    paths = [SAMPLES / "3.png", SAMPLES / "4.png"]
    result = run("--json", "--top-k", "2", digits_model, *paths)
    expected = [
        {
            "file": str(path),
            "predictions": [
                {"label": best.label, "score": best.score} for best in digits.classify(path.read_bytes(), 2)
            ],
        }
        for path in paths
    ]
    assert expected == [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0


def test_not_a_picture(digits_model: Path, digits: Classifier, text: Path) -> None:
    """A file that is not a picture gets a sentence, the others their labels, and the exit code is 1."""
    good = SAMPLES / "3.png"
    width = max(len(str(text)), len(str(good)))
    result = run(digits_model, text, good)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [f"{text!s:{width}}  {NOT_AN_IMAGE}", row(good, width, digits)]


def test_not_a_picture_as_json(digits_model: Path, text: Path) -> None:
    """With `--json` the sentence is in `error`."""
    result = run("--json", digits_model, text, SAMPLES / "3.png")
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert result.exit_code == 1
    assert first == {"file": str(text), "error": NOT_AN_IMAGE}
    assert second.keys() == {"file", "predictions"}


def test_missing_picture(digits_model: Path, tmp_path: Path) -> None:
    """A path without a file, and a folder, get a sentence, and the exit code is 1."""
    missing = tmp_path / "missing.png"
    result = run("--json", digits_model, missing, tmp_path)
    assert result.exit_code == 1
    assert [json.loads(line)["error"] for line in result.stdout.splitlines()] == [
        "The file cannot be read: No such file or directory.",
        "The file cannot be read: Is a directory.",
    ]


def test_bad_model(text: Path) -> None:
    """A model that cannot be loaded ends the command with 2 and its sentence, without a traceback."""
    command = [sys.executable, "-m", "predictor", str(text), str(SAMPLES / "3.png")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{text}: it is not an ONNX model that onnxruntime can run\n"


@pytest.mark.parametrize("options", [["--top-k", "0"], ["--top-k", "three"], ["--unknown"]])
def test_bad_option(options: list[str], digits_model: Path) -> None:
    """An option that means nothing ends the command with 2 and the usage."""
    result = run(*options, digits_model, SAMPLES / "3.png")
    assert result.exit_code == 2
    assert "Usage:" in result.stderr


def test_no_pictures(digits_model: Path) -> None:
    """Without a picture there is nothing to do, which is wrong usage."""
    result = run(digits_model)
    assert result.exit_code == 2
    assert "Missing argument 'IMAGES...'" in result.stderr


def test_missing_library(digits_model: Path) -> None:
    """A library that cannot be imported ends the command with 2 and its name, without a traceback."""
    code = "import runpy, sys; sys.modules['onnxruntime'] = None; runpy.run_module('predictor', run_name='__main__')"
    command = [sys.executable, "-c", code, str(digits_model), str(SAMPLES / "3.png")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("A library that is needed cannot be imported: ")
    assert "onnxruntime" in done.stderr


def test_memory(digits_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture for which there is not enough memory gets a sentence that does not blame it."""

    def classify(*arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Classifier, "classify", classify)
    result = run("--json", digits_model, SAMPLES / "3.png")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"] == "There is not enough memory for this picture."
