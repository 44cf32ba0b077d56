"""Calls of Cloud Storage: tried again while there is time, and what their errors mean."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import requests
import urllib3
from google.api_core import exceptions
from google.api_core.retry import Retry
from google.auth.exceptions import TransportError
from google.cloud.storage.exceptions import DataCorruption

from storage.deadline import Deadline
from storage.location import Location
from storage.refusals import Refusal

VIEWER, USER = "roles/storage.objectViewer", "roles/storage.objectUser"
ATTEMPT_SHARE = 2 / 3
"""The part of what is left of the time that one attempt may take, so that one that is stuck leaves time for another."""
_PASSING_STATUSES = (408, 429, 500, 502, 503, 504)
_PASSING = (
    DataCorruption,
    TransportError,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    ConnectionError,
)

T = TypeVar("T")


class ObjectNotFound(Exception):
    """That generation of the object was deleted or replaced."""

    def __init__(self, location: Location) -> None:
        super().__init__(f"{location} was deleted or replaced")
        self.location = location


class MissingRole(PermissionError):
    """The function may not do what it has to do; `role` on `bucket` would let it."""

    def __init__(self, role: str, bucket: str, sentence: str) -> None:
        super().__init__(
            f"permission denied: grant the function's service account {role} on gs://{bucket}. {sentence}".rstrip()
        )
        self.role = role
        self.bucket = bucket


class Denied(PermissionError):
    """Cloud Storage refuses for another reason than a missing role; `sentence` is its own."""

    def __init__(self, location: Location, sentence: str) -> None:
        super().__init__(f"{location}: Cloud Storage refuses: {sentence}")
        self.sentence = sentence


class ObjectRetained(Denied):
    """A retention policy or a hold keeps what is there from being replaced."""


def call(attempt: Callable[[float], T], deadline: Deadline) -> T:
    """Try until it works, its error is final, or the time is over; an attempt is told how many seconds it has."""
    result: T = retry_for(deadline.remaining())(lambda: attempt(deadline.remaining() * ATTEMPT_SHARE))()
    return result


def retry_for(seconds: float) -> Retry:
    """The retry policy for so many seconds."""
    return Retry(predicate=_may_pass, initial=seconds / 50, maximum=seconds / 5, timeout=seconds)


@contextmanager
def needing(role: str, location: Location) -> Iterator[None]:
    """Turns the answer that a call is refused into what it means: MissingRole, ObjectRetained or Denied."""
    try:
        yield
    except (exceptions.Forbidden, exceptions.BadRequest, exceptions.PreconditionFailed) as error:
        refusal = Refusal.of(error)
        if isinstance(error, exceptions.PreconditionFailed) and not refusal.is_about_constraint:
            raise
        if refusal.is_about_role:
            raise MissingRole(role, location.bucket, refusal.sentence) from error
        kind = ObjectRetained if refusal.is_about_keeping else Denied
        raise kind(location, refusal.sentence) from error


@contextmanager
def existing(location: Location) -> Iterator[None]:
    """Turns the answer that something is not there into ObjectNotFound."""
    try:
        yield
    except exceptions.NotFound as error:
        raise ObjectNotFound(location) from error


def _may_pass(error: Exception) -> bool:
    if isinstance(error, exceptions.GoogleAPICallError):
        return error.code in _PASSING_STATUSES
    return isinstance(error, _PASSING)
