"""An amount that is shared."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from service.budget import Budget
from storage.deadline import Deadline, OutOfTime

SOON, LATE = 0.1, 30.0  # seconds


def waiting(budget: Budget, part: int, then: Callable[[], object]) -> threading.Thread:
    """A thread that takes a part and then does something; it is waiting when this returns."""
    before = len(budget._waiting)
    thread = threading.Thread(target=lambda: (budget.take(part, Deadline.after(LATE)), then()))
    thread.start()
    while thread.is_alive() and len(budget._waiting) == before:
        pass
    return thread


def test_parts() -> None:
    """There is as much as there is: what does not fit gets no part when its time is over."""
    budget = Budget(5)
    budget.take(3, Deadline.after(LATE))
    budget.take(2, Deadline.after(LATE))
    with pytest.raises(OutOfTime):
        budget.take(1, Deadline.after(SOON))
    budget.give_back(2)
    budget.take(2, Deadline.after(SOON))


def test_nothing() -> None:
    """Nothing is had at once, even where nothing is left."""
    budget = Budget(1)
    budget.take(1, Deadline.after(LATE))
    budget.take(0, Deadline.after(SOON))


def test_no_time() -> None:
    """Without time nothing is taken, though it is there."""
    budget = Budget(1)
    with pytest.raises(OutOfTime):
        budget.take(1, Deadline.after(-1))
    budget.take(1, Deadline.after(SOON))


def test_order() -> None:
    """Who comes first is served first: small parts that would fit do not pass a large one."""
    budget, served = Budget(4), list[str]()
    budget.take(3, Deadline.after(LATE))
    large = waiting(budget, 4, lambda: (served.append("large"), budget.give_back(4)))
    small = waiting(budget, 1, lambda: served.append("small"))
    budget.give_back(3)
    for thread in (large, small):
        thread.join(LATE)
    assert served == ["large", "small"]


def test_given_up() -> None:
    """Who gives up is in nobody's way."""
    budget = Budget(2)
    budget.take(1, Deadline.after(LATE))
    with pytest.raises(OutOfTime):
        budget.take(2, Deadline.after(SOON))
    budget.take(1, Deadline.after(SOON))
