"""How long a client may let the server wait, in either direction: a least rate, and a pause.

A token bucket: it holds PATIENCE seconds, waiting takes from it, and each byte gives back what it takes at LEAST_RATE.
"""

from __future__ import annotations

import errno
import json
import logging
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from results.errors import as_document

LEAST_RATE = 8192  # bytes a second, on average
PATIENCE = 10.0  # seconds that may pass without a byte
LONGEST_HEAD = 1 << 16  # bytes of request line and headers
LINGER = 2.0  # seconds for the client to end a connection that has ended here

TOO_SLOW = f"The request came too slowly: less than {LEAST_RATE:,} bytes a second, or {PATIENCE:g} seconds without one."
HEAD_TOO_LONG = f"The request line and headers are too long; at most {LONGEST_HEAD:,} bytes are accepted."

_LARGEST_READ = 1 << 17  # bytes: gunicorn would take a megabyte, and copies of it, for each connection
_QUICK_READS = 16  # of one head; gunicorn looks through all of it with each, so small pieces then have to gather
_PAUSE = 0.001  # seconds

_log = logging.getLogger(__name__)

Count = TypeVar("Count", int, bytes)


class _Bucket:
    """Seconds that may still be waited."""

    def __init__(self) -> None:
        self._left = PATIENCE

    def wait(self, connection: socket.socket, call: Callable[[int], Count]) -> Count:
        """The result of the call, given its flags; TimeoutError when it takes longer than there is left."""
        try:
            done = call(socket.MSG_DONTWAIT)
        except BlockingIOError:
            done = self._wait(connection, call)
        earned = (done if isinstance(done, int) else len(done)) / LEAST_RATE
        self._left = min(PATIENCE, self._left + earned)
        return done

    def _wait(self, connection: socket.socket, call: Callable[[int], Count]) -> Count:
        started = time.monotonic()
        try:
            if self._left <= 0:
                raise TimeoutError(TOO_SLOW)
            connection.settimeout(self._left)
            return call(0)
        finally:
            connection.settimeout(None)
            self._left -= time.monotonic() - started


class PatientSocket(socket.socket):
    """A client's connection that raises TimeoutError, or ends, when the client lets it wait for too long.

    Only where it would wait without end: gunicorn's own timeouts stay.
    """

    @classmethod
    def of(cls, plain: socket.socket) -> PatientSocket:
        """The same connection; the plain socket is none any more."""
        timeout = plain.gettimeout()
        patient = cls(plain.family, plain.type, plain.proto, plain.detach())
        patient.settimeout(timeout)
        patient.begin()
        return patient

    def begin(self) -> None:
        """A request begins with its head."""
        self._bucket = _Bucket()
        self._head_bytes = self._head_reads = 0
        self._is_in_head = True

    def end_head(self) -> None:
        """The head is read: what comes is the body."""
        self._is_in_head = False

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Some bytes, none where the client ended; or where its head is refused, once it was told why."""
        if self.gettimeout() is not None:
            return super().recv(size, flags)
        if self._is_in_head:
            return self._recv_head(size)
        return self._bucket.wait(self, partial(super().recv, min(size, _LARGEST_READ)))

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send all; ConnectionResetError, which gunicorn takes for the client's, when the client reads too slowly."""
        if self.gettimeout() is not None:
            return super().sendall(data, flags)
        bucket, rest = _Bucket(), memoryview(data)
        try:
            while rest:
                rest = rest[bucket.wait(self, partial(self.send, rest)) :]
        except TimeoutError as error:
            _log.warning("a client reads its answer too slowly: %s bytes of it are left", len(rest))
            raise ConnectionResetError(errno.ECONNRESET, "the client reads too slowly") from error

    def hang_up(self) -> None:
        """End the connection as gunicorn would do it in its main thread, where all others would wait meanwhile."""
        end = time.monotonic() + LINGER
        with suppress(OSError):  # the client ended it before
            self.shutdown(socket.SHUT_WR)
            with suppress(TimeoutError):
                while (left := end - time.monotonic()) > 0:
                    self.settimeout(left)
                    if not super().recv(1 << 16):
                        break
            self.shutdown(socket.SHUT_RD)  # or gunicorn would wait once more

    def _recv_head(self, size: int) -> bytes:
        self._head_reads += 1
        if self._head_reads > _QUICK_READS:
            time.sleep(_PAUSE)
        try:
            data = self._bucket.wait(self, partial(super().recv, size))
        except TimeoutError:
            return self._refuse(408, "Request Timeout", TOO_SLOW)
        self._head_bytes += len(data)
        if self._head_bytes > LONGEST_HEAD:
            return self._refuse(431, "Request Header Fields Too Large", HEAD_TOO_LONG)
        return data

    def _refuse(self, status: int, reason: str, sentence: str) -> bytes:
        """Answer before there is a request; gunicorn then takes the connection for ended."""
        _log.warning("%s %s", status, sentence)
        body = json.dumps(as_document(status, sentence)).encode()
        head = f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
        self.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return b""
