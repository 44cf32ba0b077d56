"""An amount that those share who work at the same time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from service.deadline import Deadline, OutOfTime


class Budget:
    """So much, of which each takes a part and gives it back; who comes first is served first.

    So a large part is not kept waiting by small ones that go on fitting before it.
    """

    def __init__(self, amount: int) -> None:
        self._amount = self._free = amount
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()

    def take(self, part: int, deadline: Deadline) -> None:
        """Wait for a part; OutOfTime when it is not there by the deadline, ValueError when it never could be."""
        if part > self._amount:
            raise ValueError(f"{part:,} is more than the whole, {self._amount:,}")
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            try:
                if not self._changed.wait_for(
                    lambda: self._waiting[0] is ticket and self._free >= part, deadline.remaining()
                ):
                    raise OutOfTime
                self._free -= part
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()

    def give_back(self, part: int) -> None:
        """Let others have what was taken."""
        with self._changed:
            self._free += part
            self._changed.notify_all()

    @contextmanager
    def holding(self, part: int, deadline: Deadline) -> Iterator[None]:
        """Have a part for as long as the block runs; raises as `take` does."""
        self.take(part, deadline)
        try:
            yield
        finally:
            self.give_back(part)
