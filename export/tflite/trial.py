"""LiteRT, tried on a file in a process of its own: some that are damaged end the process, or fill its memory."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from export.errors import CannotOpen, Damaged, TooLarge, first_line
from export.source import trial_process

_CUSTOM = re.compile(r"unresolved custom op: ([\w-]+)")
_EDGE_TPU = "edgetpu-custom-op"
_SAID = (ValueError, RuntimeError, TypeError, MemoryError)
"""The errors that LiteRT raises where it notices that something is wrong."""


def check(path: Path) -> None:
    """Raises CannotOpen, or an error of its kind, unless LiteRT loads the file and runs it."""
    try:
        reason = trial_process.run(__name__, path)
    except TimeoutError as error:
        raise TooLarge(path, f"LiteRT does not run it within {trial_process.LONGEST} seconds.") from error
    if reason is not None:
        raise _error(path, reason)


def attempt(path: str) -> None:
    """Load and run a file, and end this process with what LiteRT says against it."""
    from ai_edge_litert.interpreter import OpResolverType

    trial_process.limit_memory()
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


def _error(path: Path, reason: str) -> CannotOpen:
    custom = _CUSTOM.search(reason)
    if custom and custom[1] == _EDGE_TPU:
        return CannotOpen(path, "it is compiled for the Edge TPU; give the .tflite from before the compiler.")
    if custom:
        return CannotOpen(path, f"it has an operation of its own, {custom[1]}, which LiteRT cannot run.")
    return (
        CannotOpen(path, f"LiteRT cannot load it: {reason}") if reason else Damaged(path, "LiteRT breaks off over it")
    )
