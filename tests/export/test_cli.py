"""`python -m export` as a user sees it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "export", *arguments], cwd=ROOT, capture_output=True, text=True)


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
    done = run(str(tmp_path), "-o", str(tmp_path / "model.onnx"), *arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_scale_that_begins_with_a_dash(tmp_path: Path) -> None:
    """`--scale -1..1` is a value, not an option."""
    done = run(str(tmp_path), "-o", str(tmp_path / "model.onnx"), "--scale", "-1..1")
    assert "there is nothing in it" in done.stderr
