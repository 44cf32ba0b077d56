"""Beam holds some packages at older versions than the function has; that changes no result."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT, SAMPLES
from tests.predictor.pictures import JPEGS, LOSSLESS, SHARED

RUNTIME = ROOT / ".venv-runtime" / "bin" / "python"
SEEN = """
import hashlib, json, sys
from importlib.metadata import version
from pathlib import Path
from predictor import BadImage, Classifier, Decoding, Limits, Resizing
from predictor.image import decode
from predictor.resizing import resize

classifier = Classifier.load(sys.argv[1])
decodings = [Decoding(decoder=decoder, jpeg_transform=transform, jpeg_smooth_chroma=smooth, orientation=orientation)
             for decoder in ("tensorflow", "pillow") for transform in ("fast", "accurate")
             for smooth in (True, False) for orientation in ("ignore", "apply")]
resizings = [Resizing(f"pillow-{method}", 40, 30, fit)
             for method in ("nearest", "bilinear", "bicubic", "lanczos", "box")
             for fit in ("stretch", "crop", "pad")]

def seen(function):
    try:
        array = function()
    except BadImage as error:
        return error.reason
    return [list(array.shape), hashlib.sha256(array.tobytes()).hexdigest()]

def all_of(data):
    yield seen(lambda: classifier.scores(classifier.decode(data)))
    for decoding in decodings:
        yield seen(lambda: decode(data, decoding, Limits()))
    for resizing in resizings:
        yield seen(lambda: resize(decode(data, decodings[0], Limits()), resizing))

files = {path.name: list(all_of(path.read_bytes())) for path in sorted(Path(sys.argv[2]).iterdir())}
print(json.dumps({"pillow": version("pillow"), "files": files}))
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures of every kind, and with those beside the project, where they are."""
    folder = tmp_path_factory.mktemp("pictures")
    made = {f"made {name}": data for name, data in (JPEGS | LOSSLESS).items()}
    found = [*SAMPLES.iterdir(), *SHARED.glob("odd/*")]
    for name, data in (made | {f"{path.parent.name} {path.name}": path.read_bytes() for path in found}).items():
        (folder / name).write_bytes(data)
    return folder


def seen_by(python: Path, model: Path, pictures: Path) -> dict[str, Any]:
    """The version of Pillow, and of each file the digests of scores and of pixels, or why there are none."""
    command = [str(python), "-c", SEEN, str(model), str(pictures)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_results_agree(digits_model: Path, pictures: Path) -> None:
    """Scores, pixels of every decoding and resizing, and reasons are the function's, to the last bit."""
    if not RUNTIME.exists():
        pytest.skip("there is no .venv-runtime; `make .venv-runtime/installed` makes it")
    function, backfill = (seen_by(python, digits_model, pictures) for python in (RUNTIME, Path(sys.executable)))
    assert len(backfill["files"]) >= len(JPEGS) + len(LOSSLESS)
    assert backfill["pillow"] == version("pillow")
    assert function["files"] == backfill["files"]


def test_versions_in_the_docs() -> None:
    """docs/backfill.md says what Beam holds back."""
    limits = {one.name: one.specifier for one in map(Requirement, requires("apache-beam") or []) if not one.marker}
    text = (ROOT / "docs" / "backfill.md").read_text()
    assert "pillow<13" in text
    assert "protobuf<7" in text
    assert not limits["pillow"].contains("13.0")
    assert not limits["protobuf"].contains("7.34")
