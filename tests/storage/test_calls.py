"""Which errors of Cloud Storage are tried again."""

from __future__ import annotations

import pytest
from google.api_core.exceptions import GoogleAPICallError, from_http_status

from storage.calls import call
from storage.deadline import Deadline


def answered(*statuses: int) -> int:
    """The number of attempts until one is answered with something else than an error."""
    waiting, attempts = list(statuses), []

    def attempt(seconds: float) -> int:
        attempts.append(seconds)
        if waiting:
            raise from_http_status(waiting.pop(0), "no")
        return len(attempts)

    try:
        return call(attempt, Deadline.after(1))
    except GoogleAPICallError:
        return -len(attempts)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_passing(status: int) -> None:
    """What Google says may be tried again is tried again (https://cloud.google.com/storage/docs/retry-strategy)."""
    assert answered(status, status) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 411, 412, 413, 416, 501])
def test_final(status: int) -> None:
    """All other errors end it at once."""
    assert answered(status) == -1
