"""The commands of docs/models.md that deploy."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.deploy.runs import run_deploy

PAGE = (ROOT / "docs" / "models.md").read_text(encoding="utf-8").replace("\\\n", " ")
COMMANDS = re.findall(r"(?m)^\./deploy\.sh (.+)$", PAGE)
assert COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_commands(command: str, project: Path, model: Path, tmp_path: Path) -> None:
    """Each command deploys the new model to the place that it names."""
    arguments = [str(model) if word == "new.onnx" else word for word in shlex.split(command)]
    run = run_deploy(project, tmp_path, *arguments, "--dry-run")
    assert run.code == 0, run.errors
    assert f"functions deploy {'shadow' if '--upload-name' in arguments else 'classify-upload'}" in run.output
    assert arguments[arguments.index("--results") + 1] in run.output
