"""Work that mostly waits for storage, done for several items at a time, with what comes of it in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from backfill.objects.object_store import AT_ONCE

In = TypeVar("In")
Out = TypeVar("Out")

AHEAD = 4 * AT_ONCE  # items that are begun before what comes of them is taken


def in_turn(items: Iterable[In], work: Callable[[In], Out]) -> Iterator[tuple[In, Out]]:
    """Each item and what comes of it; an error that `work` raises ends it."""
    waiting: deque[tuple[In, Future[Out]]] = deque()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            for item in items:
                if len(waiting) == AHEAD:
                    first, future = waiting.popleft()
                    yield first, future.result()
                waiting.append((item, pool.submit(work, item)))
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
