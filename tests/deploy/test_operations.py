"""The commands in docs/operations.md can be typed as they stand."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from deployment.arguments import Arguments
from deployment.commands import COMMANDS
from deployment.options import OPTIONS
from tests.deploy.google_cloud import google_cloud
from tests.deploy.runs import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^ *```sh\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE)
LINES = [shlex.split(line) for block in BLOCKS for line in block.splitlines() if line.strip()]
OURS = [words for words in LINES if words[0] == "./deploy.sh"]
GCLOUD = [words for words in LINES if words[0] == "gcloud"]
USAGE = 2
"""The exit code with which gcloud refuses arguments."""


@pytest.mark.parametrize("words", OURS, ids=" ".join)
def test_deploy(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command of deploy.sh has the options and the operand that it takes."""
    monkeypatch.chdir(tmp_path)
    arguments = Arguments(words[1:])
    command = COMMANDS[arguments.words[0]]
    command.check(arguments)
    assert len(arguments.words) <= (2 if command.operand else 1)


@pytest.mark.parametrize("words", GCLOUD, ids=lambda words: " ".join(words[1:5]))
def test_gcloud(words: list[str], tmp_path: Path) -> None:
    """The real gcloud takes the arguments of each of its commands; what it would find is not there."""
    if shutil.which("gcloud") is None:
        pytest.skip("gcloud is not installed")
    (tmp_path / "FOLDER").mkdir()
    words = ["NAME=VALUE".join(word.split("VARIABLES")) for word in words]
    with google_cloud() as cloud:
        environment = cloud.environment(os.environ, tmp_path / "gcloud")
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode != USAGE, done.stderr
    assert "unrecognized arguments" not in done.stderr


def test_every_command() -> None:
    """Every command that is no deployment is explained, and every option in the table is one."""
    typed = {words[1] for words in OURS}
    assert typed >= {name for name, command in COMMANDS.items() if name not in ("http", "upload", "both")}
    flags = re.findall(r"`(--[a-z-]+)", PAGE.split("| option | for |")[1].split("\n\n")[0])
    assert set(flags) <= OPTIONS.keys()
