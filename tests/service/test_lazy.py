"""A value made on first use."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.lazy import Lazy

THREADS = 16


def test_made_once() -> None:
    """The value is made by the first call, and by no other."""
    numbers = itertools.count()
    lazy = Lazy(lambda: next(numbers))
    assert next(numbers) == 0
    assert (lazy(), lazy()) == (1, 1)


def test_none_is_a_value() -> None:
    """A value that is None is not made again."""
    calls: list[str] = []
    lazy = Lazy(lambda: calls.append("made"))
    assert (lazy(), lazy()) == (None, None)
    assert calls == ["made"]


def test_failure() -> None:
    """A failure is raised to whoever asks, and the next call tries again."""
    failures = [OSError("not yet"), OSError("still not")]

    def make() -> str:
        if failures:
            raise failures.pop(0)
        return "made"

    lazy = Lazy(make)
    for sentence in ("not yet", "still not"):
        with pytest.raises(OSError, match=sentence):
            lazy()
    assert lazy() == "made"


def test_threads() -> None:
    """Threads that ask at the same time get one value, made once."""
    numbers, together = itertools.count(), threading.Barrier(THREADS)

    def make() -> int:
        time.sleep(0.05)  # all others ask meanwhile
        return next(numbers)

    lazy = Lazy(make)

    def ask(_: int) -> int:
        together.wait(5)
        return lazy()

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(ask, range(THREADS))) == [0] * THREADS
    assert next(numbers) == 1


def test_made() -> None:
    """Whether it is made already can be asked without making it."""
    lazy = Lazy(lambda: 1)
    assert lazy.made() is None
    lazy()
    assert lazy.made() == 1
