"""Pictures and requests that are made to do harm: bounded memory and time, and the next request is answered.

The function runs with less memory than the harm would take: MEMORY for all of the process.
"""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from emulator.processes import function_process
from service.http.worker import BYTES_A_CHUNK, FREE_CHUNKS, SMALL_CHUNKS
from tests.load import worker_of
from tests.service.http import pictures
from tests.service.http.requests import THREE

BYTES_A_PIXEL = 24
MAX_PIXELS = 16_000_000
PROCESS = 1 << 30  # bytes of address space that the idle function has, threads and libraries with it
MEMORY = PROCESS + BYTES_A_PIXEL * MAX_PIXELS + 3 * (32 << 20)
SECONDS = 20
SETTINGS = {"MAX_PIXELS": str(MAX_PIXELS), "THREADS": "2", "WORKERS": "1"}

BOMBS = {
    "huge PNG": (pictures.huge_png, 413),
    "huge JPEG": (pictures.huge_jpeg, 413),
    "GIF of 1,000 frames": (pictures.many_frames, 200),
    "PNG with texts": (lambda: pictures.texts(b"zTXt"), 200),
    "PNG with other texts": (lambda: pictures.texts(b"iTXt"), 200),
    "polyglot": (pictures.polyglot, 400),
    "PNG at the limit": (lambda: pictures.large("PNG", 4000), 200),
    "WebP at the limit": (lambda: pictures.large("WEBP", 4000), 200),
    "GIF at the limit": (lambda: pictures.large("GIF", 4000), 200),
    "PNG above the limit": (lambda: pictures.large("PNG", 4001), 413),
}


@pytest.fixture(scope="module")
def small_function(digits_model: Path) -> Iterator[str]:
    """The function in little memory."""
    settings = SETTINGS | {"MODEL": str(digits_model)}
    with function_process("classify", settings, memory=MEMORY) as (_, port):
        assert requests.get(f"http://127.0.0.1:{port}/health", timeout=30).status_code == 200
        yield f"http://127.0.0.1:{port}"


def post(url: str, data: bytes, content_type: str = "application/octet-stream") -> requests.Response:
    return requests.post(url, data, headers={"Content-Type": content_type}, timeout=SECONDS)


def assert_unharmed(url: str) -> None:
    """The next picture is answered."""
    assert post(url, THREE).json()["predictions"][0]["label"] == "3"


@pytest.mark.parametrize("name", BOMBS)
def test_bomb(small_function: str, name: str) -> None:
    """A picture that is made to do harm is answered in time and memory, and so is the one after it."""
    make, status = BOMBS[name]
    answer = post(small_function, make())
    assert (answer.status_code, "Traceback" in answer.text) == (status, False), answer.text
    assert_unharmed(small_function)


def test_odd_pictures(small_function: str, shared: Path) -> None:
    """Of the odd pictures that others collected none is a fault of ours, bombs among them."""
    answers = {path.name: post(small_function, path.read_bytes()) for path in (shared / "images" / "odd").iterdir()}
    assert {name: answer.status_code for name, answer in answers.items() if answer.status_code >= 500} == {}
    assert answers["decompression_bomb.gif"].status_code == 413
    assert_unharmed(small_function)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"instances": [' + b"[]," * 8_000_000 + b"[]]}", 413),
        (b'{"instances": ' + b"[" * 8_000_000, 413),
        (b'{"instances": [{"content": "' + b"A" * (24 << 20) + b'"}]}', 415),
        (b'{"instances": [' + b"1" * (8 << 20) + b"]}", 400),
    ],
    ids=["lists", "depth", "base64", "digits"],
)
def test_json_bomb(small_function: str, body: bytes, status: int) -> None:
    """JSON that would take many times its size is refused without taking it."""
    assert post(small_function, body, "application/json").status_code == status
    assert_unharmed(small_function)


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 100\r\n\r\nabc",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\nZZ\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
    ids=["too short", "no chunk size", "chunk too short"],
)
def test_broken_off(small_function: str, rest: bytes) -> None:
    """A request that breaks off is a 400, and harms no other."""
    with socket.create_connection(("127.0.0.1", int(small_function.rpartition(":")[2])), timeout=SECONDS) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + rest)
        client.shutdown(socket.SHUT_WR)
        answer = client.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert_unharmed(small_function)


def sent(url: str, request: bytes) -> bytes:
    """What a server says to these bytes, of which it may not read all."""
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=SECONDS) as client:
        with suppress(OSError):
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
        return client.makefile("rb").read()


def chunked(size: int, count: int) -> bytes:
    """A request with a body of so many chunks."""
    chunk = f"{size:x}\r\n".encode() + b"a" * size + b"\r\n"
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + chunk * count + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("size", "count", "status"),
    [(1, FREE_CHUNKS - 1, 415), (1, 2 * FREE_CHUNKS, 400), (BYTES_A_CHUNK, 2 * FREE_CHUNKS, 415)],
    ids=["small", "small and many", "many"],
)
def test_chunks(small_function: str, size: int, count: int, status: int) -> None:
    """A body in very many very small chunks, which take a thousand times an ordinary body's time, is refused."""
    answer = sent(small_function, chunked(size, count))
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert (SMALL_CHUNKS.encode() in answer) == (status == 400)
    assert_unharmed(small_function)


@pytest.mark.parametrize(
    ("request_line", "header", "status"),
    [
        (b"GET /health?_=" + b"a" * 8100, b"", 200),
        (b"GET /health?_=" + b"a" * 9000, b"", 414),
        (b"GET /health?_=" + b"a" * (1 << 24), b"", 414),
        (b"GET /health", b"X: a\r\n" * 90, 200),
        (b"GET /health", b"X: " + b"a" * 8000 + b"\r\n", 200),
        (b"GET /health", (b"X: " + b"a" * 8000 + b"\r\n") * 20, 431),
        (b"GET /health", b"X: a\r\n" * (1 << 20), 431),
    ],
    ids=["long line", "longer line", "endless line", "headers", "long header", "long headers", "endless headers"],
)
def test_head(small_function: str, request_line: bytes, header: bytes, status: int) -> None:
    """Request line and headers are read up to a bound, past any that clients have."""
    head = request_line + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + header + b"\r\n"
    assert sent(small_function, head).startswith(f"HTTP/1.1 {status} ".encode())
    assert_unharmed(small_function)


def test_more_than_memory(digits_model: Path) -> None:
    """Where memory ends, a request is a 503 that may be tried again, and smaller ones are answered after it."""
    settings = {"MODEL": str(digits_model), "THREADS": "2", "MAX_BYTES": str(1 << 30)}
    with function_process("classify", settings) as (process, port):
        url, worker = f"http://127.0.0.1:{port}", worker_of(process)
        assert_unharmed(url)
        limit = size_of(worker) + (64 << 20)
        resource.prlimit(worker, resource.RLIMIT_AS, (limit, limit))
        answer = post(url, bytes(100 << 20))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert answer.json()["error"]["message"] == "There is not enough memory for this now."
        assert_unharmed(url)


def size_of(process: int) -> int:
    """Bytes of address space that a process has."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[0]) * resource.getpagesize()
