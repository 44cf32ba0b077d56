"""The comparison itself: some pictures at a time, in the order of their names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from backfill.compare.answer import Answer
from backfill.compare.answers import Answers, Missing
from backfill.compare.comparison import Change, Comparison
from backfill.errors import sentence
from backfill.objects.in_turn import in_turn
from storage.upload import Upload

UNREAD = "that could not be read"

Both = tuple[Answer, Answer] | str
"""Both answers of a picture, or why it is left out."""


def compare(
    pictures: Iterable[Upload],
    before: Answers,
    after: Answers,
    on_change: Callable[[Change], None],
    report: Callable[[int], None],
) -> Comparison:
    """Compare all pictures; `on_change` is told of each change in turn, and `report` how many were looked at."""
    found = Comparison()
    for number, (upload, both) in enumerate(in_turn(pictures, partial(_both, before, after)), 1):
        report(number)
        if isinstance(both, str):
            found.left_out[both] += 1
        elif change := found.add(upload, *both):
            on_change(change)
    return found


def _both(before: Answers, after: Answers, upload: Upload) -> Both:
    """A picture without an earlier answer is not read."""
    try:
        return before.of(upload), after.of(upload)
    except Missing as missing:
        return str(missing)
    except MemoryError:
        return "for which there was not enough memory"
    except Exception as error:  # one picture must not stop the others
        return f"{UNREAD}: {sentence(error)}"
