"""How much code runs, counted and not timed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from results.errors import RequestError


def lines_of(call: Callable[[], object]) -> int:
    """How many lines of Python run in a call, which may end in a RequestError."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with suppress(RequestError):
            call()
    finally:
        sys.settrace(before)
    return count
