"""TensorFlow's notices about itself, kept away from the user's terminal."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read when TensorFlow is imported


@contextmanager
def kept_away() -> Iterator[TextIO]:
    """Send what libraries write to standard error into a file that nobody reads; yields the real standard error.

    TensorFlow's C++ side writes to the file descriptor itself, so redirecting `sys.stderr` would not do.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    sys.stderr.flush()
    real = os.dup(2)
    with tempfile.TemporaryFile() as nowhere, os.fdopen(real, "w") as terminal:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield terminal
        finally:
            terminal.flush()
            os.dup2(real, 2)
