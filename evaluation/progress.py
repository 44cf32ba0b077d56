"""How far it is, told to a person who waits for more than two seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

SECONDS_BEFORE = 2.0
SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_MOVES = 0.2


def reporter(stream: TextIO) -> Callable[[int, int], None]:
    """Tells how many are done, of how many: one moving line on a terminal, else a line now and then."""
    begun = time.monotonic()
    moves = stream.isatty()
    due = begun + SECONDS_BEFORE

    def report(done: int, total: int) -> None:
        nonlocal due
        now = time.monotonic()
        is_end = done == total and now - begun > SECONDS_BEFORE
        if now < due and not is_end:
            return
        due = now + (SECONDS_BETWEEN_MOVES if moves else SECONDS_BETWEEN_LINES)
        line = f"{done:,} of {total:,} pictures, {done / (now - begun):,.0f} a second"
        print(f"\r{line}\033[K" if moves else line, end="\n" if is_end or not moves else "", file=stream, flush=True)

    return report
