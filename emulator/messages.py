"""A request, the operation that it asks for, and the answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.message import Message
from functools import cached_property
from http import HTTPStatus
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from emulator.errors import BadRequestError, StorageError
from emulator.preconditions import Preconditions, parse_number, parse_preconditions

Operation = Literal[
    "read_media",  # an object's bytes, or a range of them
    "read_metadata",  # an object's attributes
    "write",  # bytes arrive: a whole object, or a chunk of a resumable upload
    "upload_session",  # a resumable upload is opened, or asked how far it is
    "patch",
    "delete",
    "copy",  # copy, rewrite and compose
    "list",
    "bucket",  # a bucket is made, read, listed or deleted
]

REASONS = {
    400: "invalid",
    401: "authError",
    403: "forbidden",
    404: "notFound",
    408: "requestTimeout",
    409: "conflict",
    412: "conditionNotMet",
    416: "requestedRangeNotSatisfiable",
    429: "rateLimitExceeded",
    500: "internalError",
    501: "notImplemented",
    503: "backendError",
}


class Pace(NamedTuple):
    """A byte at a time, with so many seconds between two; `is_of_body`: only once the headers are sent."""

    seconds: float
    is_of_body: bool


class Call(NamedTuple):
    """One recorded request: `path` as it was sent, with its query; for a copy, the destination."""

    method: str
    path: str
    operation: Operation | None = None
    bucket: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Request:
    """One HTTP request with its whole body."""

    method: str
    target: str
    headers: Message
    body: bytes = field(repr=False)

    @cached_property
    def path(self) -> str:
        """The path, still percent-encoded."""
        return urlsplit(self.target).path

    @cached_property
    def query(self) -> dict[str, str]:
        """The query, decoded; of a key given twice the last value."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def url(self) -> str:
        """The server's address as the client knows it."""
        return f"http://{self.headers.get('Host', 'localhost')}"

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; an empty body is an empty object."""
        return parse_json(self.body)

    def number(self, key: str) -> int | None:
        """A number from the query."""
        return parse_number(self.query, key)

    def preconditions(self) -> Preconditions:
        """The conditions on the object that the call reads or writes."""
        return replace(
            parse_preconditions(self.query),
            etag_match=self.headers.get("If-Match"),
            etag_not_match=self.headers.get("If-None-Match"),
        )

    def source_preconditions(self) -> Preconditions:
        """The conditions on the object that a copy reads."""
        return parse_preconditions(self.query, prefix="ifSource")


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, and how much of it really leaves."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: int | None = None  # bytes of the body before the connection closes; None: all of them
    reset: bool = False  # nothing leaves, the connection is reset
    pace: Pace | None = None  # how slowly it leaves; None: at once


def parse_json(body: bytes) -> dict[str, Any]:
    """A JSON object, empty when there are no bytes."""
    try:
        value = json.loads(body or b"{}")
    except ValueError as error:
        raise BadRequestError(f"Parse Error: {error}") from error
    if not isinstance(value, dict):
        raise BadRequestError("Parse Error: a JSON object is wanted")
    return value


def json_answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with a JSON body."""
    content = {"Content-Type": "application/json; charset=UTF-8"}
    return Answer(status, json.dumps(value).encode(), {**content, **(headers or {})})


def error_answer(
    status: int, message: str, headers: Mapping[str, str] | None = None, reason: str | None = None
) -> Answer:
    """An error as Google's JSON APIs write it; 304 has no body."""
    if status == HTTPStatus.NOT_MODIFIED:
        return Answer(status, headers=headers or {})
    reason = reason or REASONS.get(status, "backendError")
    details = [{"message": message, "domain": "global", "reason": reason}]
    return json_answer({"error": {"code": status, "message": message, "errors": details}}, status, headers)


def refusal(error: StorageError) -> Answer:
    """The answer for a call that was refused."""
    return error_answer(error.status, error.message, error.headers, error.reason)


def as_download(answer: Answer) -> Answer:
    """The answer as downloads give it: of an error its message alone, as text."""
    if answer.status < 400 or not answer.body:
        return answer
    message = json.loads(answer.body)["error"]["message"]
    return replace(answer, body=message.encode(), headers={**answer.headers, "Content-Type": "text/html"})
