"""Runs of `deploy.sh` wherever its output leads, together, and ended in between."""

from __future__ import annotations

import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.google_cloud import PROJECT, REGION
from tests.deploy.runs import NO_TRIAL, UPLOAD, Deploy, run_deploy
from tests.deploy.test_deploy import HTTP_CALL, UPLOAD_CALLS

ALL_CALLS = [HTTP_CALL, *UPLOAD_CALLS]
MODEL = "gs://models/m.onnx"
COMMANDS = 16  # that deploy both functions, and let them read the model


def command(project: Path, *more: str) -> str:
    """A dry run, for a shell."""
    required = ("--project", PROJECT, "--region", REGION, "--model", MODEL)
    return shlex.join([str(project / "deploy.sh"), "both", *required, *UPLOAD, "--dry-run", *more])


def shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line in bash, where a pipe fails as its first part does."""
    script = f"set -o pipefail; {line}"
    return subprocess.run(["bash", "-c", script], cwd=folder, env=environment(folder), capture_output=True, text=True)


def environment(folder: Path, python: str = NO_TRIAL) -> dict[str, str]:
    """Of a run that has its temporary files in a folder; its Python is this one, whatever tries the files."""
    path = os.pathsep.join([str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHON": python, "TMPDIR": str(folder)}


def planned(text: str) -> list[str]:
    """The commands in a text."""
    return [line for line in text.splitlines() if line.startswith("gcloud ")]


REDIRECTIONS = {
    "to a file": "{} >plan.txt",
    "at the end of a file": "echo kept >plan.txt; {} >>plan.txt",
    "all to a file": "{} >plan.txt 2>&1",
    "all at the end of a file": "echo kept >plan.txt; {} >>plan.txt 2>&1",
    "to a pipe": "{} | cat >plan.txt",
    "all to a pipe": "{} 2>&1 | cat >plan.txt",
    "to tee": "{} | tee plan.txt",
    "to tee, at the end": "echo kept >plan.txt; {} | tee -a plan.txt",
    "into a variable": 'plan=$({}); printf "%s\\n" "$plan" >plan.txt',
    "to a process": "{} > >(cat >plan.txt); sleep 0.5",
    "without standard input": "{} <&- >plan.txt",
    "without standard error": "{} 2>&- >plan.txt",
    "without a terminal": "setsid {} </dev/null >plan.txt",
    "in a shell that ends at errors": "set -eu; trap 'echo failed >plan.txt' ERR; {} >plan.txt",
}


@pytest.mark.parametrize("line", REDIRECTIONS.values(), ids=REDIRECTIONS.keys())
def test_redirected(line: str, project: Path, tmp_path: Path) -> None:
    """Each command is in the plan, and what was in the file before stays."""
    done = shell(tmp_path, line.format(command(project)))
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "plan.txt").read_text()
    assert len(planned(text)) == COMMANDS
    assert ("kept" in text) is ("echo kept" in line)


@pytest.mark.parametrize(
    "line",
    ["{} | head -n 1", "{} | true", "{} 2>&1 | head -n 1", "{} >&-", "{} >&- 2>&- <&-"],
    ids=["head", "nobody", "head of all", "closed", "all closed"],
)
def test_not_read(line: str, project: Path, tmp_path: Path) -> None:
    """Where nobody reads on, the run comes to its end without a word about it."""
    done = shell(tmp_path, line.format(command(project)))
    assert (done.returncode, "Traceback" in done.stderr, "Errno" in done.stderr) == (0, False, False), done.stderr
    assert len(list(tmp_path.glob("classifier.*"))) == 1


def test_closed_standard_input(project: Path, tmp_path: Path) -> None:
    """Where standard input is closed, programs read nothing, and not the script that bash has opened in its place."""
    reading = tmp_path / "reading"
    reading.write_text('#!/bin/sh\ncat >"$TMPDIR/read"\n')
    reading.chmod(0o755)
    line = f"{command(project)} <&- >&- 2>&-"
    subprocess.run(["bash", "-c", line], cwd=tmp_path, env=environment(tmp_path, str(reading)), check=True)
    assert (tmp_path / "read").read_text() == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_full_disk(project: Path, tmp_path: Path) -> None:
    """A plan that cannot be written is a failure, which is said, and leaves nothing."""
    done = shell(tmp_path, f"{command(project)} >/dev/full")
    assert done.returncode == 1
    assert done.stderr.endswith("deploy.sh: No space left on device.\n")
    assert list(tmp_path.glob("classifier.*")) == []


def test_terminal(project: Path, tmp_path: Path) -> None:
    """On a terminal all is shown."""
    ours, theirs = pty.openpty()
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    with subprocess.Popen(shlex.split(command(project)), env=environment(tmp_path), **streams):
        os.close(theirs)
        text = b"".join(chunks(ours)).decode()
    assert len(planned(text)) == COMMANDS
    assert "Nothing was sent." in text


def chunks(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            yield os.read(terminal, 65536)
        except OSError:  # nobody has the other end open any more
            return


def test_together(project: Path, tmp_path: Path) -> None:
    """Two runs at once do not see each other: each has its plan, and files of its own."""
    done = shell(tmp_path, f"{command(project)} >a & {command(project)} >b & wait")
    assert done.returncode == 0, done.stderr
    plans = [(tmp_path / name).read_text() for name in ("a", "b")]
    assert [len(planned(plan)) for plan in plans] == [COMMANDS, COMMANDS]
    assert plans[0] != plans[1]
    assert len(list(tmp_path.glob("classifier.*"))) == 2


@pytest.mark.parametrize("reader", ["head -n 1", "true"])
@pytest.mark.parametrize("streams", ["|", "2>&1 |"])
def test_deployment_that_nobody_watches(
    reader: str, streams: str, project: Path, required: tuple[str, ...], tmp_path: Path
) -> None:
    """A deployment goes on to its end when nobody reads what gcloud says any more."""
    run = run_deploy(
        project, tmp_path, "both", *required, *UPLOAD, then=f"{streams} {reader}", GCLOUD_TALKS="1", PYTHON=NO_TRIAL
    )
    assert (run.code, run.calls) == (0, ALL_CALLS)


def test_what_gcloud_says(deploy: Deploy) -> None:
    """What gcloud says is passed on to where it would have said it, but for the policies that it shows."""
    run = deploy("upload", *UPLOAD, GCLOUD_TALKS="1", PYTHON=NO_TRIAL)
    changes = [call for call in run.calls if "add-iam-policy-binding" not in call]
    assert run.output.count("word\n") == 20_000 * len(changes)
    assert run.errors.count("word\n") == 20_000 * len(run.calls)


def test_somebody_else_made_it(deploy: Deploy) -> None:
    """What another run makes between a look and the making is as good as made here."""
    run = deploy("both", *UPLOAD, GCLOUD_FRESH="1", GCLOUD_RACE="1", PYTHON=NO_TRIAL)
    assert run.code == 0, run.errors
    assert [call for call in run.calls if "create" not in call] == ALL_CALLS


WAITING = """#!{python}
import os, sys, time
open({started!r}, "w").write(str(os.getpid()))
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("is_dry", [True, False], ids=["trial", "gcloud"])
def test_ended(number: signal.Signals, is_dry: bool, project: Path, tmp_path: Path) -> None:
    """A run that is ended, ends what it has started, leaves no files, and says so with the signal's exit code."""
    started, waiting = tmp_path / "started", tmp_path / "bin" / ("python" if is_dry else "gcloud")
    waiting.parent.mkdir()
    waiting.write_text(WAITING.format(python=sys.executable, started=str(started)))
    waiting.chmod(0o755)
    line = command(project) if is_dry else command(project).replace("--dry-run", "")
    with subprocess.Popen(
        shlex.split(line),
        env=environment(tmp_path, str(waiting) if is_dry else NO_TRIAL),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 30
        while not (started.exists() and started.read_text()):
            assert time.monotonic() < deadline, "nothing was started within 30 seconds"
            time.sleep(0.02)
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert errors.endswith("deploy.sh: ended before its end; running it again does the rest.\n")
    assert "Traceback" not in errors
    assert list(tmp_path.glob("classifier.*")) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


PYTHONS = {
    "too old": ("#!/bin/sh\nexit 1\n", "python3"),
    "missing": ("", ""),
    "broken": ("#!/bin/sh\nexit 127\n", "python3"),
}


@pytest.mark.parametrize(("script", "name"), PYTHONS.values(), ids=PYTHONS.keys())
def test_python(script: str, name: str, project: Path, tmp_path: Path) -> None:
    """The first Python that is new enough is taken, PYTHON at last; without any that is said."""
    for tool in ("bash", "dirname"):
        (tmp_path / tool).symlink_to(
            Path("/usr/bin") / tool if Path("/usr/bin", tool).exists() else Path("/bin") / tool
        )
    if name:
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    run = ["bash", str(project / "deploy.sh"), "--help"]
    empty = {"PATH": str(tmp_path)}
    none = subprocess.run(run, env=empty, capture_output=True, text=True)
    assert (none.returncode, none.stderr) == (
        1,
        "deploy.sh: no Python from 3.10 on is found; PYTHON=... names one.\n",
    )
    for found in ({"PYTHON": sys.executable}, {}):
        if not found:
            (tmp_path / "python3.12").symlink_to(sys.executable)
        some = subprocess.run(run, env=empty | found, capture_output=True, text=True)
        assert (some.returncode, some.stderr) == (0, "")
