"""Work in threads that whoever waits for it can give up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TypeVar

from service.deadline import Deadline, OutOfTime

T = TypeVar("T")


class Workers:
    """So many threads; work that was given up goes on in its thread to its end, and what it gives is dropped.

    No more is begun until a thread is free: what was given up counts among what is at work, and holds its memory.
    """

    def __init__(self, at_once: int) -> None:
        self._free = threading.Semaphore(at_once)
        self._threads = ThreadPoolExecutor(at_once, "worker")

    def wait_for(self, work: Callable[[], T], deadline: Deadline) -> T:
        """What the work gives or raises; OutOfTime when it is not done by the deadline, or could not be begun."""
        if not self._free.acquire(timeout=deadline.remaining()):
            raise OutOfTime
        future = self._threads.submit(copy_context().run, work)  # with the request, which the log names
        future.add_done_callback(lambda _: self._free.release())
        done, _ = wait([future], deadline.remaining())
        if not done:
            raise OutOfTime
        return future.result()
