"""The timeout of a request bounds all of it: finding the host, connecting, TLS, sending, and the answer's last byte."""

from __future__ import annotations

import itertools
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import requests
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession
from requests.adapters import HTTPAdapter

from storage.connections import BoundedAdapter, bound

SECONDS = 0.4  # of a request
SLACK = 1.0  # seconds more than it may take, on a busy machine
PAUSE = 0.05  # seconds between two bytes
HEAD = b"HTTP/1.1 200 OK\r\n"

Serve = Callable[[socket.socket], None]


@contextmanager
def serving(serve: Serve, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address of a server that lets a function deal with each connection."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        threads: list[threading.Thread] = []
        connections: list[socket.socket] = []

        def deal(connection: socket.socket) -> None:
            connections.append(connection)
            with suppress(OSError), connection:
                if tls:
                    connection = tls.wrap_socket(connection, server_side=True)
                    connections.append(connection)
                with connection:
                    serve(connection)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threads.append(threading.Thread(target=deal, args=(listener.accept()[0],)))
                    threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        yield f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}/"
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


def drip(connection: socket.socket, data: bytes, pause: float = PAUSE) -> None:
    """Send a byte at a time, again and again, until nobody listens any more."""
    for byte in itertools.cycle(data):
        connection.sendall(bytes([byte]))
        time.sleep(pause)


def drips(at_once: bytes, slowly: bytes) -> Serve:
    """Reads the request, sends the beginning of an answer at once, and the rest slowly and without an end."""

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(at_once)
        drip(connection, slowly)

    return serve


def takes_slowly(connection: socket.socket) -> None:
    """Takes some of the request now and then, less than the system keeps for it."""
    for _ in range(60):
        connection.recv(1024)
        time.sleep(PAUSE)


ANSWERS: dict[str, Serve] = {
    "status": drips(b"", HEAD),
    "headers": drips(HEAD, b"X-Header: 1\r\n"),
    "interim answers": drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": drips(HEAD + b"Content-Length: 100000\r\n\r\n", b"x"),
    "body without a length": drips(HEAD + b"\r\n", b"x"),
    "chunks": drips(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "length of a chunk": drips(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "trailers": drips(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: 1\r\n"),
    "nothing": lambda connection: all(iter(lambda: connection.recv(65536), b"")),
}


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        bound(session)
        yield session


def seconds(request: Callable[[], object]) -> float:
    """How long a request takes that has to fail."""
    began = time.monotonic()
    with pytest.raises(requests.RequestException):
        request()
    return time.monotonic() - began


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and its key, for 127.0.0.1."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "1"]
    subprocess.run([*command, "-keyout", str(path), "-out", str(path) + ".crt"], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("answer", ANSWERS)
def test_answer(session: requests.Session, answer: str) -> None:
    """An answer that drips, in whichever of its parts, ends with the request's time; its connection is closed."""
    with serving(ANSWERS[answer]) as url:
        assert seconds(lambda: session.get(url, timeout=SECONDS)) < SECONDS + SLACK


@pytest.mark.parametrize("answer", ANSWERS)
def test_answer_over_tls(session: requests.Session, answer: str, tls: ssl.SSLContext, certificate: Path) -> None:
    """So it does over TLS."""
    with serving(ANSWERS[answer], tls) as url:
        assert seconds(lambda: session.get(url, timeout=SECONDS, verify=str(certificate))) < SECONDS + SLACK


def test_handshake(session: requests.Session) -> None:
    """A handshake that drips ends with the request's time."""
    hello = b"\x16\x03\x03\x40\x00" + b"\x02" * 20_000  # the header of a long record
    with serving(drips(b"", hello)) as url:
        url = url.replace("http:", "https:")
        assert seconds(lambda: session.get(url, timeout=SECONDS)) < SECONDS + SLACK


@pytest.mark.parametrize("with_tls", [False, True], ids=["plain", "TLS"])
def test_sending(session: requests.Session, with_tls: bool, request: pytest.FixtureRequest) -> None:
    """A request that is taken slowly ends with its time."""
    context, verify = None, None
    if with_tls:
        context, verify = request.getfixturevalue("tls"), str(request.getfixturevalue("certificate"))
    with serving(takes_slowly, context) as url:
        body = b"x" * 50_000_000
        assert seconds(lambda: session.post(url, body, timeout=SECONDS, verify=verify)) < SECONDS + SLACK


def test_stream(session: requests.Session) -> None:
    """A body that is read after the answer's beginning has what is left of the time."""
    with serving(ANSWERS["body"]) as url:
        began = time.monotonic()
        with session.get(url, timeout=SECONDS, stream=True) as answer, pytest.raises(requests.RequestException):
            for _ in answer.iter_content(1):
                pass
        assert time.monotonic() - began < SECONDS + SLACK


def test_silence(session: requests.Session) -> None:
    """A peer that says nothing is given up earlier than one that is slow, which leaves time for another attempt."""
    with serving(ANSWERS["nothing"]) as url:
        assert seconds(lambda: session.get(url, timeout=4.0)) < 2.0 + SLACK


def test_addresses(session: requests.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """All addresses of a host share the time; none of these answers to be connected."""
    with socket.create_server(("", 0), backlog=0) as full, ExitStack() as stack:
        port = full.getsockname()[1]
        for _ in range(4):  # fill up what the system accepts by itself
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{last}", port)) for last in range(1, 9)]
        find = socket.getaddrinfo
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda host, *a, **k: found if host == "storage.test" else find(host, *a, **k)
        )
        assert seconds(lambda: session.get(f"http://storage.test:{port}/", timeout=SECONDS)) < SECONDS + SLACK


def test_second_address(session: requests.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first address refuses, the next one is asked."""

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(HEAD + b"Content-Length: 2\r\n\r\nok")

    with serving(serve) as url:
        port = int(url.rpartition(":")[2].strip("/"))
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("127.9.9.9", "127.0.0.1")]
        find = socket.getaddrinfo
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda host, *a, **k: found if host == "storage.test" else find(host, *a, **k)
        )
        assert session.get(f"http://storage.test:{port}/", timeout=5).text == "ok"


def test_unknown_host(session: requests.Session) -> None:
    """A host that has no address is an error like any other of a connection."""
    with pytest.raises(requests.ConnectionError):
        session.get("http://storage.invalid/", timeout=5)


def test_connection_is_kept(session: requests.Session) -> None:
    """Requests that go well use one connection, each with its own time, and may be long in all."""
    connections = []

    def serve(connection: socket.socket) -> None:
        connections.append(connection)
        while connection.recv(65536):
            time.sleep(SECONDS / 3)
            connection.sendall(HEAD + b"Content-Length: 2\r\n\r\nok")

    with serving(serve) as url:
        assert [session.get(url, timeout=SECONDS).text for _ in range(5)] == ["ok"] * 5
        assert len(connections) == 1
        assert session.get(url).text == "ok"  # without a timeout
        session.close()


def test_other_adapters() -> None:
    """What somebody else has mounted stays; a Google client's session for credentials is bounded too."""

    class Own(HTTPAdapter):
        pass

    with AuthorizedSession(AnonymousCredentials()) as session:
        own = Own()
        session.mount("https://", own)
        bound(session)
        assert session.get_adapter("https://storage.test") is own
        assert isinstance(session.get_adapter("http://storage.test"), BoundedAdapter)
        credentials = session._auth_request.session
        assert isinstance(credentials.get_adapter("https://token.test"), BoundedAdapter)
        assert isinstance(credentials.get_adapter("http://token.test"), BoundedAdapter)
