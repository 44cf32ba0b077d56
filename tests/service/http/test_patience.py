"""The least rate, on both ends of a connection without a server."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from service.http import patience
from service.http.patience import PatientSocket

SECONDS = 0.3  # of patience
RATE = 10_000  # bytes a second


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[socket.socket, PatientSocket]]:
    """A client, and the server's end, which is in a body and has little patience."""
    monkeypatch.setattr(patience, "PATIENCE", SECONDS)
    monkeypatch.setattr(patience, "LEAST_RATE", RATE)
    client, plain = socket.socketpair()
    server = PatientSocket.of(plain)
    server.end_head()
    with client, server:
        yield client, server


def send_slowly(client: socket.socket, size: int, pause: float) -> threading.Thread:
    """Send pieces of that size for ever, with pauses between them."""

    def run() -> None:
        try:
            while True:
                client.sendall(b"a" * size)
                time.sleep(pause)
        except OSError:
            pass

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def receive(server: PatientSocket, size: int) -> int:
    """How much arrives until that many bytes did, or patience ends."""
    received = 0
    try:
        while received < size:
            received += len(server.recv(1 << 16))
    except TimeoutError:
        pass
    return received


def test_drip(connection: tuple[socket.socket, PatientSocket]) -> None:
    """A client that sends, but less than the least rate, is cut off although every piece comes in time."""
    client, server = connection
    send_slowly(client, 10, SECONDS / 10)
    assert 0 < receive(server, 100_000) < 1000


def test_steady(connection: tuple[socket.socket, PatientSocket]) -> None:
    """A client that sends at more than the least rate may take longer than the patience, in pieces with pauses."""
    client, server = connection
    send_slowly(client, 2000, SECONDS / 6)  # four times the rate
    started = time.monotonic()
    assert receive(server, 30_000) >= 30_000
    assert time.monotonic() - started > SECONDS


def test_stall_after_much(connection: tuple[socket.socket, PatientSocket]) -> None:
    """Much that came quickly buys no more than the patience."""
    client, server = connection
    client.sendall(b"a" * 100_000)
    assert receive(server, 100_001) == 100_000


def test_own_time_is_not_the_clients(connection: tuple[socket.socket, PatientSocket]) -> None:
    """Time that passes while nobody reads is not held against the client."""
    client, server = connection
    time.sleep(2 * SECONDS)
    client.sendall(b"a")
    assert server.recv(1) == b"a"


def test_impatience_stays(connection: tuple[socket.socket, PatientSocket]) -> None:
    """Who was cut off is not waited for again."""
    _, server = connection
    receive(server, 1)
    started = time.monotonic()
    receive(server, 1)
    assert time.monotonic() - started < SECONDS / 2


def test_slow_reader(connection: tuple[socket.socket, PatientSocket], caplog: pytest.LogCaptureFixture) -> None:
    """A client that does not read its answer is cut off, in the way that gunicorn takes for the client's own."""
    _, server = connection
    with pytest.raises(ConnectionResetError):
        server.sendall(bytes(10 << 20))
    assert "a client reads its answer too slowly" in caplog.text


def test_quick_reader(connection: tuple[socket.socket, PatientSocket]) -> None:
    """An answer of any length arrives whole."""
    client, server = connection
    answer = bytes(range(256)) * 40_000
    sender = threading.Thread(target=server.sendall, args=(answer,))
    sender.start()
    received = bytearray()
    while len(received) < len(answer):
        received += client.recv(1 << 20)
    sender.join()
    assert received == answer


def said_to(client: socket.socket) -> tuple[bytes, dict[str, object]]:
    """Status line and error of an answer."""
    head, _, body = client.recv(1 << 16).partition(b"\r\n\r\n")
    return head.splitlines()[0], json.loads(body)["error"]


def test_slow_head(connection: tuple[socket.socket, PatientSocket]) -> None:
    """Headers that do not come are answered with 408, and then are taken for ended."""
    client, server = connection
    server.begin()
    client.sendall(b"GET / HT")
    assert (server.recv(8192), server.recv(8192)) == (b"GET / HT", b"")
    line, error = said_to(client)
    assert line == b"HTTP/1.1 408 Request Timeout"
    assert (error["code"], error["message"]) == (408, patience.TOO_SLOW)


def test_long_head(connection: tuple[socket.socket, PatientSocket]) -> None:
    """Headers of more bytes than are read are answered with 431."""
    client, server = connection
    server.begin()
    sender = send_slowly(client, patience.LONGEST_HEAD // 4, 0)
    while server.recv(8192):
        pass
    line, error = said_to(client)
    assert line == b"HTTP/1.1 431 Request Header Fields Too Large"
    assert error["message"] == patience.HEAD_TOO_LONG
    server.close()
    sender.join()


def test_timeout_of_gunicorn(connection: tuple[socket.socket, PatientSocket]) -> None:
    """Where gunicorn waits for a time of its own, that is the time."""
    _, server = connection
    server.settimeout(0.01)
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        server.recv(1)
    assert time.monotonic() - started < SECONDS


def test_hang_up(connection: tuple[socket.socket, PatientSocket], monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a connection waits for the client's, but not for ever, and after it nothing waits any more."""
    monkeypatch.setattr(patience, "LINGER", 0.1)
    client, server = connection
    server.hang_up()
    assert client.recv(1) == b""
    server.settimeout(5)
    started = time.monotonic()
    assert server.recv(1) == b""
    assert time.monotonic() - started < 1
