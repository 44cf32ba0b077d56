"""Whether packages can be installed here."""

from __future__ import annotations

import subprocess
import sys
from functools import cache


@cache
def has_network() -> bool:
    """Whether the package index answers."""
    probe = [sys.executable, "-m", "pip", "index", "versions", "six"]
    return subprocess.run(probe, capture_output=True).returncode == 0
