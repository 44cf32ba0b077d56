"""Turns: who holds much waits for others who do, and nobody keeps a turn for longer than the request lasts."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from service.http import turn
from tests.service.http.requests import PREDICT, TEXT, THREE, form, instance

LARGE_KEY = "k" * (turn.LITTLE + 1)


class Turns(threading.BoundedSemaphore):
    """One turn, which says whether it is taken, and counts how often it was."""

    def __init__(self) -> None:
        super().__init__(1)
        self.taken = 0
        self.is_taken = False

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        """Take the turn."""
        got = super().acquire(blocking, timeout)
        self.taken, self.is_taken = self.taken + got, got or self.is_taken
        return got

    def release(self, n: int = 1) -> None:
        """Give it back."""
        self.is_taken = False
        super().release(n)


@pytest.fixture
def turns() -> Turns:
    return Turns()


REQUESTS: dict[str, tuple[Callable[[FlaskClient, dict[str, Any]], Answer], int]] = {
    "picture": (lambda client, environ: client.post("/", data=THREE, environ_overrides=environ), 200),
    "form": (lambda client, environ: client.post("/", **form(("a", ("b", THREE))), environ_overrides=environ), 200),
    "JSON": (
        lambda client, environ: client.post(PREDICT, json={"instances": [instance(THREE)]}, environ_overrides=environ),
        200,
    ),
    "no picture": (lambda client, environ: client.post("/", data=TEXT, environ_overrides=environ), 415),
    "no JSON": (lambda client, environ: client.post(PREDICT, data=b"{", environ_overrides=environ), 400),
    "unknown parameter": (lambda client, environ: client.post("/?x=1", data=THREE, environ_overrides=environ), 400),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_one_turn(client: FlaskClient, turns: Turns, name: str) -> None:
    """A request with a body takes one turn, and gives it back, whatever comes of it."""
    ask, status = REQUESTS[name]
    for count in (1, 2):
        assert ask(client, {turn.KEY: turns}).status_code == status
        assert (turns.taken, turns.is_taken) == (count, False)


def test_too_large(client: FlaskClient, turns: Turns) -> None:
    """A body that grows past what is accepted gives its turn back."""
    chunked = {turn.KEY: turns, "wsgi.input_terminated": True}
    answer = client.post(
        "/",
        input_stream=io.BytesIO(bytes(33 << 20)),
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides=chunked,
    )
    assert (answer.status_code, turns.taken, turns.is_taken) == (413, 1, False)


@pytest.mark.parametrize("path", ["/", "/health", "/openapi.json", "/v2/health/ready", "/nothing"])
def test_no_turn(client: FlaskClient, turns: Turns, path: str) -> None:
    """What holds nothing needs none: the health check waits for nobody."""
    turns.acquire()
    client.get(path, environ_overrides={turn.KEY: turns})
    assert turns.taken == 1


def test_large_answer(client: FlaskClient, turns: Turns) -> None:
    """A large answer keeps its turn until it is sent."""
    body = {"instances": [instance(THREE, key=LARGE_KEY)]}
    answer = client.post(PREDICT, json=body, environ_overrides={turn.KEY: turns}, buffered=False)
    assert turns.is_taken
    assert LARGE_KEY in answer.text
    answer.close()
    assert not turns.is_taken


@pytest.mark.parametrize("size", [1, turn.LITTLE + 1])
def test_waiting(client: FlaskClient, turns: Turns, size: int) -> None:
    """While others have all turns, a picture waits for one, with no more in memory than a little."""
    turns.acquire()
    stream = io.BytesIO(THREE + bytes(size) + bytes(2 << 20) * (size > 1))
    length = str(len(stream.getvalue()))
    answers: list[Answer] = []

    def ask() -> None:
        environ = {turn.KEY: turns, "CONTENT_LENGTH": length}
        answers.append(client.post("/", input_stream=stream, environ_overrides=environ))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(0.5)
    assert answers == []
    assert stream.tell() <= turn.LITTLE + (1 << 17)
    turns.release()
    thread.join(30)
    assert answers[0].status_code == 200
