"""`python -m export` as a user sees it."""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from export.__main__ import main
from tests.export import models

ROOT = Path(__file__).parents[2]
DIGITS = ROOT / "examples" / "digits"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, as a user does, with all that libraries write."""
    return subprocess.run([sys.executable, "-m", "export", *arguments], cwd=ROOT, capture_output=True, text=True)


def ask(*arguments: str) -> Result:
    """In this process, where TensorFlow is loaded already."""
    return CliRunner().invoke(main, arguments)


def test_summary(digits_export: tuple[Path, str]) -> None:
    """The summary shows signature, preprocessing, labels, proof and size."""
    _, printed = digits_export
    for part in (
        "serving_default: image_bytes to scores",
        "resize to 32 x 32, bilinear, half-pixel centres",
        "0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
        "100% bit-identical",
        "bytes)",
    ):
        assert part in printed


def test_refusal(tmp_path: Path) -> None:
    """A refusal is one sentence and exit code 1, without TensorFlow's own noise and without a traceback."""
    done = run(str(tmp_path / "nowhere"), "-o", str(tmp_path / "model.onnx"))
    assert done.returncode == 1
    assert "nowhere: there is no such file or folder." in done.stderr
    assert "Traceback" not in done.stderr
    assert "oneDNN" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scale", "0..2"], "'0..2' is not one of '0..1', '-1..1', '0..255'"),
        (["--tolerance", "-1"], "-1.0 is not in the range"),
        (["--images", "nowhere"], "'nowhere' does not exist"),
    ],
)
def test_wrong_options(arguments: list[str], message: str, tmp_path: Path) -> None:
    """An option with an impossible value is exit code 2 and a sentence that names it."""
    done = ask(str(tmp_path), "-o", str(tmp_path / "model.onnx"), *arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_scale_that_begins_with_a_dash(tmp_path: Path) -> None:
    """`--scale -1..1` is a value, not an option."""
    done = ask(str(tmp_path), "-o", str(tmp_path / "model.onnx"), "--scale", "-1..1")
    assert "there is nothing in it" in done.stderr


def test_inspect() -> None:
    """--inspect prints all signatures, the decoder, the preprocessing, the labels and the activation."""
    done = ask(str(DIGITS / "saved_model"), "--inspect")
    assert done.exit_code == 0, done.stderr
    for part in (
        "image_bytes string [N], key string [N] to",
        "DecodeImage, 3 channels",
        "divide by 255",
        "10 classes, activation softmax",
        "from the output 'labels'",
    ):
        assert part in done.stdout


def test_inspect_unclear_pixels(tmp_path: Path) -> None:
    """Where the preprocessing stays unclear, --inspect prints the signatures, and what each scale would answer."""
    model = models.save_pixels(models.network(), tmp_path / "model")
    done = ask(str(model), "--inspect")
    assert done.exit_code == 1
    for part in (
        "serving_default: ",
        "float32 [N, 24, 24, 3] to ",
        "activation softmax",
        "What the model would answer",
    ):
        assert part in done.stdout
    assert "--scale 0..1|-1..1|0..255|caffe|torch" in done.stderr


def test_inspect_writes_nothing(tmp_path: Path) -> None:
    """--inspect leaves nothing behind, neither where it runs nor with the model."""
    model = shutil.copytree(DIGITS / "saved_model", tmp_path / "model")
    before = sorted(tmp_path.rglob("*"))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "export", str(model), "--inspect"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert sorted(tmp_path.rglob("*")) == before


def test_predict(digits_model: Path, digit_picture: tuple[Path, str]) -> None:
    """--predict shows the original's labels as `python -m predictor` shows the exported file's."""
    path, label = digit_picture
    original = ask(str(DIGITS / "saved_model"), "--predict", str(path))
    command = [sys.executable, "-m", "predictor", str(digits_model), str(path)]
    exported = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert original.exit_code == 0, original.stderr
    assert re.search(rf"3\.png  +100\.0% {label}", original.stdout)
    assert original.stdout == exported.stdout


def test_predict_unreadable(tmp_path: Path, digit_picture: tuple[Path, str]) -> None:
    """A picture that the original cannot read gets TensorFlow's sentence, the others their labels; exit code 1."""
    (tmp_path / "notes.txt").write_text("no picture")
    names = [str(path) for path in (tmp_path / "notes.txt", tmp_path / "nowhere.png", digit_picture[0])]
    done = ask(str(DIGITS / "saved_model"), "--predict", *names)
    assert done.exit_code == 1
    first, second, third = done.stdout.splitlines()
    assert "The original cannot read it: Unknown image file format." in first
    assert "The file cannot be read: No such file or directory." in second
    assert "100.0% 3" in third


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Say one of -o FILE, --inspect and --predict."),
        (["--inspect", "--predict", "a.png"], "Say one of"),
        (["--predict"], "--predict and PICTURES go together."),
        (["--inspect", "--report", "report.html"], "--report shows what -o FILE was proven by."),
    ],
)
def test_one_task(arguments: list[str], message: str) -> None:
    """What cannot be asked together is exit code 2 and a sentence."""
    done = ask(str(DIGITS / "saved_model"), *arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_progress_in_a_log(tmp_path: Path) -> None:
    """Where standard error is no terminal, each step is a line, and nothing of TensorFlow's is between them."""
    done = run(str(DIGITS / "saved_model"), "-o", str(tmp_path / "model.onnx"))
    assert done.stderr.splitlines() == [
        "Looking for the model",
        "Loading TensorFlow",
        "Opening the model",
        "Converting the network to ONNX",
        "Verifying on pictures, 0 of 19",
        "Verifying on pictures, 19 of 19",
    ]


def test_progress_on_a_terminal(tmp_path: Path) -> None:
    """On a terminal the steps and the pictures done are shown, and nothing of TensorFlow's."""
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "export", str(DIGITS / "saved_model"), "-o", str(tmp_path / "model.onnx")]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=terminal, env=os.environ | {"COLUMNS": "100"}
    ) as process:
        os.close(terminal)
        shown = b"".join(iter(lambda: _read(controller), b"")).decode()
    os.close(controller)
    assert process.returncode == 0
    for part in ("Loading TensorFlow", "Converting the network to ONNX", "Verifying on pictures", "19/19"):
        assert part in shown
    assert "oneDNN" not in shown


def _read(controller: int) -> bytes:
    try:
        return os.read(controller, 4096)
    except OSError:  # the other end was closed
        return b""


def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C while pictures are compared leaves the older file as it was, nothing half-written, and no traceback."""
    target = tmp_path / "model.onnx"
    target.write_bytes(b"an older file")
    command = [sys.executable, "-m", "export", str(DIGITS / "saved_model"), "-o", str(target)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while not process.stderr.readline().startswith("Verifying"):
            assert process.poll() is None
        assert len(list(tmp_path.iterdir())) == 2
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 1
    assert "Aborted!" in rest
    assert "Traceback" not in rest
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"an older file"]


def test_debug(tmp_path: Path) -> None:
    """--debug shows where an error comes from."""
    done = run(str(tmp_path / "nowhere"), "-o", str(tmp_path / "model.onnx"), "--debug")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "export.errors.CannotOpen" in done.stderr
