"""Work that mostly waits for storage, done for several elements at a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from backfill.place import AT_ONCE

In = TypeVar("In")
Out = TypeVar("Out")


class Concurrently(beam.DoFn, Generic[In, Out]):  # type: ignore[misc] # Beam has no types
    """Does `work` for AT_ONCE items at a time and gives out what is ready, in any order; a slow item stops no other."""

    @abstractmethod
    def work(self, item: In) -> Out:
        """What comes of one item; in any thread. What it raises ends the pipeline."""

    def setup(self) -> None:
        """Beam calls it once for each copy."""
        self._pool = ThreadPoolExecutor(AT_ONCE)

    def start_bundle(self) -> None:
        """Beam calls it before each bundle."""
        self._pending: set[Future[Out]] = set()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Wait for all that is under way: a bundle is done with everything in it."""
        while self._pending:
            yield from map(GlobalWindows.windowed_value, self._ready())

    def teardown(self) -> None:
        """Beam calls it in the end, if it can."""
        self._pool.shutdown()

    def start(self, item: In) -> Iterator[Out]:
        """Begin with an item; gives what is ready, after waiting for it where too many are under way."""
        self._pending.add(self._pool.submit(self.work, item))
        if len(self._pending) >= AT_ONCE:
            yield from self._ready()

    def _ready(self) -> Iterator[Out]:
        done, self._pending = wait(self._pending, return_when=FIRST_COMPLETED)
        yield from (future.result() for future in done)
