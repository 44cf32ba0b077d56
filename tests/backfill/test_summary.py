"""What came of all objects together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backfill.pipeline.finished import Finished
from backfill.report.summary import MOST_LEAST_CERTAIN, MOST_REASONS, OTHER_REASONS, Summary
from results.outcome import Outcome
from storage.location import Location

FINISHED = st.builds(
    Finished,
    source=st.integers(0, 10**6).map(lambda number: Location("photos", str(number))),
    outcome=st.sampled_from([Outcome.LABELLED, Outcome.IGNORED, Outcome.REFUSED, Outcome.FAILED]),
    reason=st.sampled_from(["", "it has its result"]),
    label=st.sampled_from(["cat", "dog"]),
    score=st.floats(0, 1),
    thumbnail=st.just(b"jpeg"),
)


def summarised(finished: list[Finished]) -> Summary:
    summary = Summary()
    for one in finished:
        summary.add(one)
    return summary


@given(st.lists(FINISHED), st.lists(FINISHED))
def test_parts(first: list[Finished], second: list[Finished]) -> None:
    """It does not matter in which parts objects are counted."""
    assert Summary.merged([summarised(first), summarised(second)]) == summarised([*first, *second])


@given(st.lists(FINISHED, max_size=60))
def test_least_certain(finished: list[Finished]) -> None:
    """Of each label the pictures with the lowest scores are kept, and no more than are shown."""
    kept = summarised(finished).least_certain
    for label in ("cat", "dog"):
        scores = sorted(one.score for one in finished if one.outcome is Outcome.LABELLED and one.label == label)
        assert [one.score for one in kept.get(label, [])] == scores[:MOST_LEAST_CERTAIN]


def test_many_reasons() -> None:
    """However many reasons there are, some are told and all are counted."""
    number = 3 * MOST_REASONS
    failed = [Finished(Location("photos", str(i)), Outcome.FAILED, f"reason {i}") for i in range(number)]
    reasons = summarised(failed).reasons
    assert len(reasons) == MOST_REASONS + 1
    assert (sum(reasons.values()), reasons[(Outcome.FAILED, OTHER_REASONS)]) == (number, number - MOST_REASONS)
