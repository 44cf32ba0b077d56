"""The collected files, tried with the settings that they will have and with what will be installed."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployment import environment, processes, staging, streams
from deployment.arguments import Arguments
from deployment.errors import DeploymentError
from deployment.options import RUNTIME
from deployment.processes import HIDDEN
from settings import TABLE

CHOSEN = "PYTHON"
"""The variable that names a Python which has what requirements.txt asks for."""
MOST_CHARACTERS = 100
"""Of a model's name that is sent along."""


def run(arguments: Arguments, folder: Path, functions: tuple[str, ...]) -> str:
    """Start each function, and have a picture classified; DeploymentError when that does not work.

    Name and version of the model, where it is here.
    """
    with _python(arguments, folder) as python, staging.temporary("described") as place:
        names = {setting.name for setting in TABLE}
        environ = {name: text for name, text in os.environ.items() if name not in names}
        for function in functions:
            environ |= environment.variables(arguments, function)
        described = place / "model.json"
        environ["DESCRIBED"] = str(described)
        program = str(Path(__file__).with_name("trial_run.py"))
        command = [python, "-B", program, str(folder), *functions]
        if processes.run(command, stdout=streams.STDERR, environ=environ):
            raise DeploymentError(f"The collected files do not work with {python}; nothing was sent.")
        return _named(described) if described.exists() else ""


def _named(described: Path) -> str:
    """Name and version in one text that a variable can hold in gcloud's arguments."""
    model = json.loads(described.read_text(encoding="utf-8"))
    text = f"{model['name'][:MOST_CHARACTERS]} {model['version']}"
    return "".join(c if c.isprintable() and c != environment.DELIMITER else " " for c in text)


@contextmanager
def _python(arguments: Arguments, folder: Path) -> Iterator[str]:
    """The one that was chosen; or what the function will have: its version, where it is here, and its requirements."""
    if chosen := os.environ.get(CHOSEN):
        yield chosen
        return
    base = _base(arguments)
    with staging.temporary("environment") as place:
        streams.say(f"Installing requirements.txt into a new environment of {base}, to try the files in.")
        if processes.run([base, "-m", "venv", str(place)], stdout=streams.STDERR):
            raise DeploymentError(f"{base} cannot make a virtual environment.")
        python = str(place / "bin" / "python")
        pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
        if processes.run([*pip, "--requirement", str(folder / "requirements.txt")], stdout=streams.STDERR):
            raise DeploymentError("requirements.txt cannot be installed; nothing was sent.")
        yield python


def _base(arguments: Arguments) -> str:
    """The Python of the runtime, or this one."""
    version = arguments[RUNTIME].removeprefix("python")
    name = f"python{version[0]}.{version[1:]}"
    works = shutil.which(name) and processes.run([name, "-c", ""], stdout=HIDDEN, stderr=HIDDEN) == 0
    return name if works else sys.executable
