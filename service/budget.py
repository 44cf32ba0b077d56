"""An amount that those share who work at the same time."""

from __future__ import annotations

from collections import deque
from threading import Condition

from storage.deadline import Deadline, OutOfTime


class Budget:
    """So much, of which each takes a part and gives it back; who comes first is served first.

    So a large part is not kept waiting by small ones that go on fitting before it.
    """

    def __init__(self, amount: int) -> None:
        self._free = amount
        self._changed = Condition()
        self._waiting: deque[object] = deque()

    def take(self, part: int, deadline: Deadline) -> None:
        """Wait for a part; OutOfTime when it is not there by the deadline."""
        me = object()
        with self._changed:
            self._waiting.append(me)
            try:
                if not self._changed.wait_for(
                    lambda: self._waiting[0] is me and self._free >= part, deadline.remaining()
                ):
                    raise OutOfTime
                self._free -= part
            finally:
                self._waiting.remove(me)
                self._changed.notify_all()

    def give_back(self, part: int) -> None:
        """Let others have what was taken."""
        with self._changed:
            self._free += part
            self._changed.notify_all()
