"""`python -m backfill` against the local Cloud Storage, as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from emulator import CloudStorage
from tests.conftest import ROOT

CREDENTIALS = {
    "type": "authorized_user",
    "client_id": "test",
    "client_secret": "test",
    "refresh_token": "test",
    "token": "test",
    "expiry": "2099-01-01T00:00:00Z",
}
"""What makes Beam ask nobody for credentials; without any it tries for half a minute."""


def environment(storage: CloudStorage, folder: Path) -> Mapping[str, str]:
    """The environment of a process that has its temporary files in `folder` and takes `storage` for Google's."""
    credentials = folder / "credentials.json"
    credentials.write_text(json.dumps(CREDENTIALS))
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | {
        "STORAGE_EMULATOR_HOST": storage.url,
        "GOOGLE_APPLICATION_CREDENTIALS": str(credentials),
        "GOOGLE_CLOUD_PROJECT": "test",
        "TMPDIR": str(folder),
    }


def start(storage: CloudStorage, folder: Path, *options: str) -> subprocess.Popen[str]:
    """Begin a backfill."""
    command = [sys.executable, "-m", "backfill", *options]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=ROOT, env=environment(storage, folder), stdout=pipe, stderr=subprocess.STDOUT, text=True
    )


def run(storage: CloudStorage, folder: Path, *options: str) -> tuple[int, str]:
    """Wait for a whole backfill: its exit code, and all that it printed."""
    process = start(storage, folder, *options)
    said, _ = process.communicate(timeout=120)
    return process.returncode, said
