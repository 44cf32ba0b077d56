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


def answer(folder: Path, batch: Any, command: str = "answer") -> list[np.ndarray]:
    """What the model in a folder answers for a batch, each output flat; the test is skipped without TensorFlow.js.

    command: `answer`, or `write`, which first writes the model that the folder's network.cjs builds.
    """
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node is installed, in which TensorFlow.js would run")
    if not (FOLDER / "node_modules" / "@tensorflow").is_dir():
        pytest.skip(f"TensorFlow.js is not installed: npm ci --prefix {FOLDER.relative_to(Path.cwd())}")
    values = np.ascontiguousarray(batch, np.float32)
    done = subprocess.run(
        [node, str(FOLDER / "run.cjs"), command, str(folder), json.dumps(values.shape)],
        input=values.tobytes(),
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    return [np.array(output, np.float32) for output in json.loads(done.stdout.decode().strip().splitlines()[-1])]
