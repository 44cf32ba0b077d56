"""Fixtures for all tests: the example exported once, and the functions as servers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from emulator.processes import running_function
from settings import TABLE

if TYPE_CHECKING:
    from playwright.sync_api import Browser

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

ROOT = Path(__file__).parent.parent
DIGITS = ROOT / "examples" / "digits"
SAMPLES = DIGITS / "samples"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real models and pictures beside the project, which a fresh user does not have."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the folder ../shared with real models and pictures is not here")
    return folder


@pytest.fixture(scope="session")
def digits_export(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The example, exported by the command line; the file and what was printed."""
    path = tmp_path_factory.mktemp("digits") / "model.onnx"
    command = [sys.executable, "-m", "export", str(DIGITS / "saved_model"), "-o", str(path)]
    done = subprocess.run(
        [*command, "--name", "digits", "--drawing", "white-on-black"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return path, done.stdout


@pytest.fixture(scope="session")
def digits_model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's file, a model.onnx; DIGITS_MODEL names one that is made already, whatever it is called."""
    if not (made := os.environ.get("DIGITS_MODEL")):
        exported: Path = request.getfixturevalue("digits_export")[0]
        return exported
    return Path(shutil.copy(made, tmp_path_factory.mktemp("digits") / "model.onnx"))


@pytest.fixture(scope="session")
def negative_model(digits_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with every score below zero, as logits may be; the order of the classes is turned round."""
    onnx = pytest.importorskip("onnx", reason="only what is deployed is installed here, not onnx")
    model = onnx.load(digits_model)
    (maker,) = (node for node in model.graph.node if "scores" in node.output)
    maker.output[:] = ["shares"]
    model.graph.node.append(onnx.helper.make_node("Neg", ["shares"], ["scores"]))
    path = tmp_path_factory.mktemp("negative") / "model.onnx"
    onnx.save(model, path)
    return path


@pytest.fixture
def digit_picture() -> tuple[Path, str]:
    """A picture that the example has not seen in training, and the digit on it."""
    return SAMPLES / "3.png", "3"


@pytest.fixture(scope="session")
def http_server(digits_model: Path) -> Iterator[str]:
    """The address of a started `classify` function that serves the example."""
    with running_function("classify", {"MODEL": str(digits_model)}) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from tests.browser import launched  # takes a fifth of a second, and few tests need it

    with launched() as browser:
        yield browser


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests say every setting that they mean."""
    for name in (*(setting.name for setting in TABLE), "STORAGE_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)
