"""Work in threads that whoever waits for it can give up."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TypeVar

from service.budget import Budget
from storage.deadline import Deadline, OutOfTime

IN_FLIGHT = 128 * 1024 * 1024
"""Bytes of files that are read or wait for a thread, all events together."""

T = TypeVar("T")


def processors() -> int:
    """How many processors this process may use; all of the machine where the system does not say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """So many threads, and `room` for what is read for them: IN_FLIGHT bytes, or a `largest` file where that is more.

    Work that was given up goes on in its thread to its end, and what it gives is dropped.

    No more is begun until a thread is free: what was given up counts among what is at work, and holds its memory.
    Who has waited longest is next.
    """

    def __init__(self, at_once: int, largest: int = 0) -> None:
        self.room = Budget(max(IN_FLIGHT, largest))
        self._free = Budget(at_once)
        self._threads = ThreadPoolExecutor(at_once, "worker")

    def wait_for(self, work: Callable[[], T], deadline: Deadline) -> T:
        """The result of the work, or its error; OutOfTime when it is not done or not begun by the deadline."""
        self._free.take(1, deadline)
        future = self._threads.submit(copy_context().run, work)  # with the request, which the log names
        future.add_done_callback(lambda _: self._free.give_back(1))
        done, _ = wait([future], deadline.remaining())
        if not done:
            raise OutOfTime
        return future.result()
