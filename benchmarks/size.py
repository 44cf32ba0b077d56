"""Megabytes on disk: what `requirements.txt` installs, what is deployed, the model file."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.models import MOBILENET, NETWORKS, ROOT
from benchmarks.rounds import OURS, Comparison
from benchmarks.servers import DEPLOYED, DEVELOPED, MEGABYTE

HEADING = "Size"
_INSTALLERS = ("pip", "setuptools", "wheel", "pkg_resources", "_distutils_hack", "distutils-precedence")


def measure(rounds: int | None = None) -> Iterator[Comparison]:
    """Measured once, however many rounds: nothing here varies."""
    yield _size("installed requirements.txt", _installed(DEPLOYED))
    yield _size("installed TensorFlow alone", _bytes(_packages(DEVELOPED) / "tensorflow"), "TensorFlow function")
    deployed, model = _staged(MOBILENET.exported), MOBILENET.exported.stat().st_size
    yield _size("staged deployment, MobileNetV2", deployed)
    yield _size("the same, less its model", deployed - model)
    for network in NETWORKS:
        yield _size(f"model.onnx, {network.name}", network.exported.stat().st_size)


def _size(case: str, size: int, contestant: str = OURS) -> Comparison:
    return Comparison(HEADING, case, "MB", {contestant: (size / MEGABYTE,)})


def _packages(python: Path) -> Path:
    (folder,) = python.parent.parent.glob("lib/python3*/site-packages")
    return folder


def _installed(python: Path) -> int:
    """All packages but those that a virtual environment brings along, with their bytecode."""
    entries = _packages(python).iterdir()
    return sum(_bytes(entry) for entry in entries if not entry.name.startswith(_INSTALLERS))


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file() and not file.is_symlink())


def _staged(model: Path) -> int:
    """What deploy.sh would send."""
    command = ["./deploy.sh", "http", "--project", "p", "--region", "r", "--model", str(model), "--dry-run"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found = re.search(r"The files stay in (\S+) ", done.stderr)
    assert found, done.stderr
    size = _bytes(Path(found[1]))
    shutil.rmtree(found[1])
    return size
