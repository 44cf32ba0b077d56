"""Work that mostly waits for storage, done for several elements at a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Generic, TypeVar

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from backfill.objects.object_store import AT_ONCE

In = TypeVar("In")
Out = TypeVar("Out")


class Concurrently(beam.DoFn, Generic[In, Out]):  # type: ignore[misc] # Beam has no types
    """Does `work` for AT_ONCE items at a time and gives out what is ready, in any order; a slow item stops no other."""

    @abstractmethod
    def work(self, item: In) -> Out:
        """The result of one item; in any thread. An error that it raises ends the pipeline."""

    def setup(self) -> None:
        """Beam calls it once for each copy."""
        self._pool = ThreadPoolExecutor(AT_ONCE)

    def start_bundle(self) -> None:
        """Beam calls it before each bundle."""
        self._done: SimpleQueue[Future[Out]] = SimpleQueue()
        self._under_way = 0

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Wait for all that is under way: a bundle is done with everything in it."""
        while self._under_way:
            yield GlobalWindows.windowed_value(self._next())

    def teardown(self) -> None:
        """Beam calls it in the end, if it can."""
        self._pool.shutdown()

    def start(self, item: In) -> Iterator[Out]:
        """Begin with an item; gives what is ready, after waiting for it where too many are under way."""
        self._pool.submit(self.work, item).add_done_callback(self._done.put)
        self._under_way += 1
        while self._under_way >= AT_ONCE or not self._done.empty():
            yield self._next()

    def _next(self) -> Out:
        future = self._done.get()
        self._under_way -= 1
        return future.result()
