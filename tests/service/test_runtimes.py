"""The functions on what is deployed, the locked versions, and on the lowest that requirements.txt allows."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import requests

from emulator import CloudStorage, Sink
from emulator.processes import running_function
from predictor import BadImage, Classifier
from tests.conftest import ROOT, SAMPLES
from tests.predictor.pictures import encode, picture
from tests.service.http.requests import THREE

RUNTIMES = {"locked": ".venv-runtime", "lowest": ".venv-lowest"}
DECODE = """
import hashlib, json, sys
from predictor import BadImage, Classifier
classifier = Classifier.load(sys.argv[1])
for path in sys.argv[2:]:
    try:
        pixels = classifier.decode(open(path, "rb").read())
    except BadImage:
        print(json.dumps(None))
    else:
        print(json.dumps([hashlib.sha256(pixels).hexdigest(), classifier.scores(pixels).tolist()]))
"""


@pytest.fixture(params=RUNTIMES.values(), ids=RUNTIMES.keys())
def runtime(request: pytest.FixtureRequest) -> Path:
    """A Python that has requirements.txt and nothing else."""
    python = ROOT / request.param / "bin" / "python"
    if not python.exists():
        pytest.skip(f"there is no {request.param}; `make {request.param}/installed` makes it")
    absent = "import importlib.util, sys; sys.exit(importlib.util.find_spec('tensorflow') is not None)"
    subprocess.run([str(python), "-c", absent], check=True)
    return python


@pytest.fixture
def storage() -> Iterator[CloudStorage]:
    with CloudStorage(["photos", "results"]) as storage:
        yield storage


def test_requests(runtime: Path, digits_model: Path) -> None:
    """What requirements.txt installs is enough for the HTTP function."""
    with running_function("classify", {"MODEL": str(digits_model)}, python=runtime) as url:
        assert requests.post(url, THREE, timeout=30).json()["predictions"][0]["label"] == "3"


def test_uploads(runtime: Path, storage: CloudStorage, digits_model: Path) -> None:
    """What requirements.txt installs is enough for the upload function."""
    settings = {
        "MODEL": str(digits_model),
        "RESULTS": "gs://results/labels",
        "STORAGE_EMULATOR_HOST": storage.url,
    }
    with running_function("classify_upload", settings, python=runtime) as url:
        sink = storage.deliver("photos", Sink(url))
        storage.put("photos", "3.png", THREE, "image/png")
        [delivery] = sink.wait(30)
    assert delivery.statuses == (200,)
    assert storage.names("results") == ["labels/photos/3.png.json"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A picture of each format and mode, the example's, and the odd ones where ../shared is there."""
    folder = tmp_path_factory.mktemp("pictures")
    for format_, mode in [
        ("JPEG", "RGB"),
        ("JPEG", "CMYK"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("GIF", "P"),
        ("BMP", "RGB"),
    ]:
        (folder / f"{mode}.{format_}").write_bytes(encode(picture(mode), format_))
    (folder / "RGB.webp").write_bytes(encode(picture("RGB"), "WEBP", quality=80))
    odd = ROOT.parent / "shared" / "images" / "odd"
    return sorted([*folder.iterdir(), *SAMPLES.glob("*.png"), *(odd.iterdir() if odd.is_dir() else ())])


def test_answers(runtime: Path, digits_model: Path, pictures: list[Path]) -> None:
    """Each version decodes to the same bytes, and scores are the same to 1e-6."""
    command = [str(runtime), "-c", DECODE, str(digits_model), *map(str, pictures)]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    classifier = Classifier.load(digits_model)
    for path, line in zip(pictures, printed.splitlines(), strict=True):
        try:
            pixels = classifier.decode(path.read_bytes())
        except BadImage:
            assert json.loads(line) is None, path
            continue
        digest, scores = json.loads(line)
        assert digest == hashlib.sha256(pixels.tobytes()).hexdigest(), path
        np.testing.assert_allclose(scores, classifier.scores(pixels), rtol=0, atol=1e-6)
