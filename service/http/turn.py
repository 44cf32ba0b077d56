"""Turns: how many requests may hold much at a time. Waiting for slow clients takes none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

KEY = "classify.turns"
"""Where the server's worker says in the WSGI environment how many: as a semaphore that all requests share."""

LITTLE = 1 << 20  # bytes of a body or an answer that need no turn

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def shared(application: Application, turns: int) -> Application:
    """The application, told that so many requests may hold much at a time."""
    semaphore = threading.BoundedSemaphore(turns)

    def informed(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ[KEY] = semaphore
        return application(environ, start_response)

    return informed


class Turn:
    """The turn of one request; without a semaphore there is always one."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self._semaphore: threading.BoundedSemaphore | None = environ.get(KEY)
        self._is_taken = False

    def take(self) -> None:
        """Wait for a turn, unless it is taken."""
        if self._semaphore and not self._is_taken:
            self._semaphore.acquire()
            self._is_taken = True

    def end(self) -> None:
        """Give it to another, if it was taken."""
        if self._semaphore and self._is_taken:
            self._is_taken = False
            self._semaphore.release()
