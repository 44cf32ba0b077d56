"""The functions as real server processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from deployment.staging import PACKAGES
from emulator import CloudStorage
from emulator.processes import free_port, running_function

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "examples" / "digits" / "samples"
THREE = (SAMPLES / "3.png").read_bytes()
FIRST_REQUESTS = 16
SECONDS_TO_STOP = 5


def ask(url: str, picture: bytes = THREE) -> str:
    """The best label that a function gives to a picture."""
    answer = requests.post(url, picture, timeout=30)
    assert answer.status_code == 200, answer.text
    label: str = answer.json()["predictions"][0]["label"]
    return label


@pytest.fixture
def storage() -> Iterator[CloudStorage]:
    """Cloud Storage with a bucket for each purpose."""
    with CloudStorage(["photos", "results", "models"]) as storage:
        yield storage


def test_picture(http_server: str) -> None:
    """A started function answers a picture with its label."""
    assert ask(http_server) == "3"


def test_pictures_at_once(http_server: str) -> None:
    """Pictures that come at the same time get each its own label."""
    pictures = [path.read_bytes() for path in sorted(SAMPLES.iterdir())] * 4
    with ThreadPoolExecutor(8) as pool:
        labels = list(pool.map(lambda picture: ask(http_server, picture), pictures))
    assert labels == [str(digit) for digit in range(10)] * 4


def test_curl(http_server: str) -> None:
    """The README's curl command, which says nothing of a content type, gets the label."""
    answer = curl("--data-binary", f"@{SAMPLES / '3.png'}", f"{http_server}/?top_k=1")
    assert answer.startswith('{"predictions": [{"label": "3", "score": 0.')
    assert answer.endswith(" 200")


@pytest.mark.parametrize("headers", [[], ["-H", "Transfer-Encoding: chunked"]], ids=["length", "chunked"])
def test_large_body(http_server: str, headers: list[str], tmp_path: Path) -> None:
    """Who sends 40 MB hears that it is too much, instead of a broken connection."""
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(40_000_000)
    answer = curl(*headers, "--data-binary", f"@{large}", http_server)
    assert "The request is too large; at most 33,554,432 bytes are accepted." in answer
    assert answer.endswith(" 413")


def curl(*arguments: str) -> str:
    """What curl prints: the answer's body and its status."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--write-out", " %{http_code}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def test_command(digits_model: Path) -> None:
    """The README's command serves, with no word on where the function's file is."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("functions-framework")), "--target", "classify", "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("FUNCTION_", "PYTHON"))}
    process = subprocess.Popen(command, cwd=ROOT, env=environment | {"MODEL": str(digits_model)})
    try:
        with requests.Session() as session:
            session.mount("http://", HTTPAdapter(max_retries=Retry(connect=60, backoff_factor=0.1, backoff_max=0.5)))
            answer = session.get(f"http://127.0.0.1:{port}/health", headers={"Connection": "close"}, timeout=30)
            assert answer.json() == {"status": "ok"}
    finally:
        process.terminate()
        process.wait(15)


AS_ON_WINDOWS = """
import os, sys
del os.fork, os.register_at_fork
sys.modules["gunicorn"] = None  # which functions-framework does not install there
from functions_framework._cli import _cli
_cli()
"""


def test_without_gunicorn(digits_model: Path) -> None:
    """Without gunicorn and forks, as on Windows, the function runs on Flask's server and warms up."""
    port = free_port()
    command = [sys.executable, "-c", AS_ON_WINDOWS, "--target", "classify", "--port", str(port)]
    settings = {"MODEL": str(digits_model), "WARMUP": "1"}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | settings, text=True, **streams)
    try:
        with requests.Session() as session:
            retry = Retry(None, connect=60, backoff_factor=0.1, backoff_max=0.5)
            session.mount("http://", HTTPAdapter(max_retries=retry))
            url = f"http://127.0.0.1:{port}"
            assert session.get(f"{url}/health", timeout=30).json() == {"status": "ok"}
            assert [ask(url), ask(url)] == ["3", "3"]
            assert session.post(url, iter([THREE]), timeout=30).status_code == 200
            assert session.post(url, b"milk, eggs", timeout=30).status_code == 415
            assert session.post(url, bytes(40 << 20), timeout=30).status_code == 413
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=15)
    assert "Serving Flask app" in said
    assert "the model digits is loaded" in said
    assert "Traceback" not in said


def test_first_requests(storage: CloudStorage, digits_model: Path) -> None:
    """Of many first requests at once, all are answered, and one of them loads the model."""
    storage.put("models", "digits.onnx", digits_model.read_bytes())
    settings = {
        "MODEL": "gs://models/digits.onnx",
        "STORAGE_EMULATOR_HOST": storage.url,
        "THREADS": str(FIRST_REQUESTS),
    }
    with running_function("classify", settings) as url, ThreadPoolExecutor(FIRST_REQUESTS) as pool:
        labels = list(pool.map(ask, [url] * FIRST_REQUESTS))
    assert labels == ["3"] * FIRST_REQUESTS
    assert [call.operation for call in storage.requests].count("read_media") == 1


def test_stop(digits_model: Path) -> None:
    """A function that has answered ends soon after it is told to, though a client keeps its connection."""
    with requests.Session() as session, running_function("classify", {"MODEL": str(digits_model)}) as url:
        assert session.post(url, THREE, timeout=30).status_code == 200
        told = time.monotonic()
    assert time.monotonic() - told < SECONDS_TO_STOP


def test_decoys(digits_model: Path, tmp_path: Path) -> None:
    """Installed packages that have the names of ours are not taken for ours."""
    for name in PACKAGES:
        decoy = tmp_path / "installed" / name / "__init__.py"
        decoy.parent.mkdir(parents=True)
        decoy.write_text("raise ImportError('this is a decoy')")
    settings = {
        "MODEL": str(digits_model),
        "PYTHONPATH": str(tmp_path / "installed"),
        "FUNCTION_SOURCE": str(ROOT / "main.py"),
    }
    with running_function("classify", settings, folder=tmp_path) as url:
        assert ask(url) == "3"
