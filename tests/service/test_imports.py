"""What importing and serving loads: a cold start waits for each module."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from deployment.staging import PACKAGES

ROOT = Path(__file__).parents[2]
IMPORT = "import sys, main; print(*sys.modules)"
SERVE = """
import sys
from functions_framework import create_app
client = create_app("classify", "main.py").test_client()
answer = client.post("/", data=sys.stdin.buffer.read())
assert answer.status_code == 200, answer.text
print(*sys.modules)
"""


def modules_after(program: str, picture: bytes = b"", **settings: str) -> set[str]:
    """The modules that a fresh process has loaded at the end of a program."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "FUNCTION_"))}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, env=environment | settings, input=picture, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return set(done.stdout.decode().splitlines()[-1].split())  # after what was logged


# What answering for a JPEG takes: the framework with its parts, runtime, decoder, format of the log, our code.
FRAMEWORK = {"blinker", "click", "cloudevents", "deprecation", "flask", "functions_framework", "google", "gunicorn"}
FRAMEWORK |= {"itsdangerous", "jinja2", "markupsafe", "packaging", "werkzeug"}
RUNTIME = {"numpy", "onnxruntime", "simplejpeg", "PIL", "cython_runtime", "pythonjsonlogger"}
OWN = {"main", *PACKAGES}


@pytest.fixture(scope="module")
def served(digits_model: Path) -> set[str]:
    """The modules of a process that has answered one request."""
    picture = ROOT / "examples" / "digits" / "samples" / "3.png"
    return modules_after(SERVE, picture.read_bytes(), MODEL=str(digits_model))


def test_import() -> None:
    """Importing the functions loads neither the runtime nor the storage client: the first request does."""
    modules = modules_after(IMPORT)
    assert {"main", "predictor", "service"} <= modules
    assert not modules & {"onnxruntime", "google.cloud.storage"}


def test_serving_without_tensorflow(served: set[str]) -> None:
    """A request is answered without TensorFlow, and without anything of the export."""
    assert "onnxruntime" in served
    assert not served & {"tensorflow", "tf2onnx", "onnx", "keras", "export"}


def test_serving_without_storage(served: set[str]) -> None:
    """An HTTP function with a model file never loads the storage client."""
    assert "google.cloud.storage" not in served


def test_jpeg_without_pillow(digits_model: Path) -> None:
    """A cold start that is answered for a JPEG loads the framework, the runtime, our code, and nothing more."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG")
    modules = modules_after(SERVE, file.getvalue(), MODEL=str(digits_model))
    packages = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names
    assert {name for name in packages if not name.startswith("_")} <= FRAMEWORK | RUNTIME | OWN
    assert "PIL.Image" not in modules  # PIL itself, which is small, says its version
