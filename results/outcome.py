"""The outcome of an event: the one table that decides between done and again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.cloud.storage.exceptions import DataCorruption
from requests import RequestException
from urllib3.exceptions import HTTPError

from predictor import BadImage, BadModel
from storage.calls import Denied, MissingRole, ObjectNotFound
from storage.deadline import OutOfTime


class Outcome(str, Enum):
    """The word for it in the log; all but `RETRIED` are answered with 200, which ends the event."""

    LABELLED = "labelled"
    IGNORED = "ignored"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    RETRIED = "retried"
    FAILED = "failed"


STORED = {
    Outcome.LABELLED: "labels",
    Outcome.REFUSED: "record",
    Outcome.FAILED: "record",
}
"""The trace of an outcome at the place of the result; the others leave it as it is."""


@dataclass(frozen=True)
class Rule:
    """One line of the table: what happened, by the errors that say so; `code` is for its record."""

    case: str
    errors: tuple[type[Exception], ...]
    outcome: Outcome
    code: int = 200


RULES = (
    Rule("the picture was classified", (), Outcome.LABELLED),
    Rule("the settings do not select the object", (), Outcome.IGNORED),
    Rule(
        "the object was deleted or replaced, or it or a newer one has its result", (ObjectNotFound,), Outcome.SUPERSEDED
    ),
    Rule(
        "not a picture, damaged, empty, too large, not whole gzip, or one that the network cannot take",
        (BadImage,),
        Outcome.REFUSED,
        400,
    ),
    Rule("a role is missing (the message names it)", (MissingRole,), Outcome.RETRIED, 403),
    Rule("Cloud Storage refuses for another reason (the message is its own)", (Denied,), Outcome.RETRIED, 403),
    Rule(
        "429, 5xx, reset, stall, slow, cut or corrupted stream, or a slow picture, for longer than `TIMEOUT_SECONDS`",
        (GoogleAPIError, GoogleAuthError, RequestException, HTTPError, ConnectionError, DataCorruption, OutOfTime),
        Outcome.RETRIED,
        503,
    ),
    Rule("there is not enough memory", (MemoryError,), Outcome.RETRIED, 503),
    Rule("the model cannot be loaded", (BadModel, FileNotFoundError), Outcome.RETRIED, 500),
    Rule("anything else that goes wrong", (Exception,), Outcome.RETRIED, 500),
)
GIVEN_UP = Rule("what is retried, once the event is older than `MAX_EVENT_AGE`", (), Outcome.FAILED)
"""The last line of the table."""


def rule_for(error: Exception) -> Rule:
    """The first line of the table that is about an error."""
    return next(rule for rule in RULES if isinstance(error, rule.errors))
