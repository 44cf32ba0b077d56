"""TensorFlow.js itself, run by node, where both are there."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).parent / "javascript"


def answer(folder: Path, batch: Any) -> list[np.ndarray]:
    """What the model in a folder answers for a batch, each output flat; the test is skipped without TensorFlow.js."""
    return _run("answer", folder, batch)


def write(folder: Path, network: str, batch: Any) -> list[np.ndarray]:
    """Save the model that a file of this folder builds, and what it answers for a batch."""
    folder.mkdir(parents=True, exist_ok=True)
    return _run("write", folder, batch, network)


def _run(command: str, folder: Path, batch: Any, *others: str) -> list[np.ndarray]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node is installed, in which TensorFlow.js would run")
    if not (FOLDER / "node_modules" / "@tensorflow").is_dir():
        pytest.skip("TensorFlow.js is not installed: npm ci --prefix tests/export/javascript")
    values = np.ascontiguousarray(batch, np.float32)
    done = subprocess.run(
        [node, str(FOLDER / "run.cjs"), command, str(folder), json.dumps(values.shape), *others],
        input=values.tobytes(),
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    return [np.array(output, np.float32) for output in json.loads(done.stdout.decode().strip().splitlines()[-1])]
