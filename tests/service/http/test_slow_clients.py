"""Clients that let the server wait, twenty of each kind at a time, before a real server of four threads."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from emulator.processes import function_process
from service.http.patience import LEAST_RATE, PATIENCE, TOO_SLOW
from tests.service.http.requests import THREE

CLIENTS = 20  # of each kind
ANSWERED_IN = 5  # seconds, generously: without slow clients it is a hundredth of one
ANSWER = ("GET", "/openapi.json")
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"


@dataclass
class Slow:
    """A client that begins so, and then sends a byte twice a second."""

    connection: socket.socket
    drip: bytes
    heard: bytearray = field(default_factory=bytearray)
    has_ended: bool = False

    def step(self) -> None:
        """Send a little, and hear what there is."""
        try:
            self.connection.sendall(self.drip)
            with suppress(BlockingIOError):
                while heard := self.connection.recv(1 << 16):
                    self.heard += heard
                self.has_ended = True
        except OSError:
            self.has_ended = True


class Crowd:
    """Slow clients of all kinds, who go on in a thread until they are sent away."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.bodies = self._clients(POST + b"Content-Length: 5000\r\n\r\n" + THREE[:-1], b"a")
        self.chunks = self._clients(POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n")
        self.heads = self._clients(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: ", b"a")
        self._all = [*self.bodies, *self.chunks, *self.heads]
        self._gone = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait(self, clients: list[Slow]) -> None:
        """Until these were sent away, or should have been long ago."""
        end = time.monotonic() + 3 * PATIENCE
        while time.monotonic() < end and not all(client.has_ended for client in clients):
            time.sleep(0.1)

    def close(self) -> None:
        """Send them away."""
        self._gone.set()
        self._thread.join()
        for client in self._all:
            client.connection.close()

    def _clients(self, beginning: bytes, drip: bytes) -> list[Slow]:
        clients = [Slow(socket.create_connection(("127.0.0.1", self._port), timeout=5), drip) for _ in range(CLIENTS)]
        for client in clients:
            client.connection.sendall(beginning)
            client.connection.setblocking(False)
        return clients

    def _run(self) -> None:
        while not self._gone.wait(0.5):
            for client in self._all:
                client.step()


@pytest.fixture(scope="module")
def server(digits_model: Path) -> Iterator[int]:
    """The port of a function with four threads, which has its model."""
    settings = {"MODEL": str(digits_model), "THREADS": "4", "WORKERS": "1"}
    with function_process("classify", settings) as (_, port):
        assert requests.get(f"http://127.0.0.1:{port}/health", timeout=30).status_code == 200
        yield port


@pytest.fixture(scope="module")
def crowd(server: int) -> Iterator[Crowd]:
    crowd = Crowd(server)
    yield crowd
    crowd.close()


def test_others_are_answered(server: int, crowd: Crowd) -> None:
    """While sixty clients drip, the health check and pictures of others are answered."""
    for _ in range(5):
        assert requests.get(f"http://127.0.0.1:{server}/health", timeout=ANSWERED_IN).status_code == 200
        answer = requests.post(f"http://127.0.0.1:{server}/?top_k=1", THREE, timeout=ANSWERED_IN)
        assert answer.json()["predictions"][0]["label"] == "3"
    assert not any(client.has_ended for client in crowd.bodies)


@pytest.mark.parametrize("kind", ["bodies", "chunks", "heads"])
def test_slow_clients_are_told(crowd: Crowd, kind: str) -> None:
    """Each of them hears 408 with the least rate, and its connection ends."""
    clients: list[Slow] = getattr(crowd, kind)
    crowd.wait(clients)
    for client in clients:
        head, _, body = client.heard.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 "), client.heard[:500]
        assert json.loads(body)["error"] == {"code": 408, "status": "DEADLINE_EXCEEDED", "message": TOO_SLOW}
    assert f"{LEAST_RATE:,} bytes a second" in TOO_SLOW


@pytest.mark.parametrize(
    "piece",
    [
        b"",
        b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200,
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
    ids=["say nothing", "read no answers", "do not end", "nonsense"],
)
def test_silent_clients(server: int, piece: bytes) -> None:
    """Clients that say nothing, that read no answer, or that do not end, keep nobody from being answered."""
    clients = [socket.create_connection(("127.0.0.1", server), timeout=5) for _ in range(CLIENTS)]
    for client in clients:
        client.sendall(piece)
    for _ in range(3):
        assert requests.get(f"http://127.0.0.1:{server}/health", timeout=ANSWERED_IN).status_code == 200
        time.sleep(0.3)
    for client in clients:
        client.close()
