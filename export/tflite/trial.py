"""LiteRT, tried on a file in a process of its own: some that are damaged end the process, or fill its memory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from export.errors import CannotOpen, Damaged, TooLarge, first_line

LONGEST = 120
"""Seconds that a file may take to be loaded and run twice."""
MOST_MEMORY = 8 << 30
"""Bytes that it may take meanwhile."""

_TRY = "import sys; from export.tflite import trial; trial.attempt(sys.argv[1])"
_CUSTOM = re.compile(r"unresolved custom op: ([\w-]+)")
_EDGE_TPU = "edgetpu-custom-op"
_SAID = (ValueError, RuntimeError, TypeError, MemoryError)
"""What LiteRT raises where it notices that something is wrong."""


def check(path: Path) -> None:
    """Raises CannotOpen, or an error of its kind, unless LiteRT loads the file and runs it."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", _TRY, str(path)]
    try:
        tried = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LONGEST)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise TooLarge(path, f"LiteRT does not run it within {LONGEST} seconds.") from error
    if tried.returncode:
        raise _error(path, tried.stdout.strip())


def attempt(path: str) -> None:
    """Load and run a file, and end this process with what LiteRT says against it."""
    from ai_edge_litert.interpreter import OpResolverType

    _limit_memory()
    try:
        _run(path, OpResolverType.AUTO)
    except _SAID as error:
        print(first_line(error))
        sys.exit(1)
    with suppress(*_SAID):  # it is read with these kernels too, which need not have each operation, but may break off
        _run(path, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, experimental_preserve_all_tensors=True)


def _run(path: str, kernels: Any, **options: bool) -> None:
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=path, num_threads=1, experimental_op_resolver_type=kernels, **options)
    interpreter.allocate_tensors()
    for details in interpreter.get_input_details():
        interpreter.set_tensor(details["index"], np.zeros(details["shape"], details["dtype"]))
    interpreter.invoke()


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def _error(path: Path, reason: str) -> CannotOpen:
    custom = _CUSTOM.search(reason)
    if custom and custom[1] == _EDGE_TPU:
        return CannotOpen(path, "it is compiled for the Edge TPU; give the .tflite from before the compiler.")
    if custom:
        return CannotOpen(path, f"it has an operation of its own, {custom[1]}, which LiteRT cannot run.")
    return (
        CannotOpen(path, f"LiteRT cannot load it: {reason}") if reason else Damaged(path, "LiteRT breaks off over it")
    )
