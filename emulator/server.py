"""HTTP on loopback: requests in, answers out, broken where a fault wants it."""

import io
import socket
import socketserver
import struct
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from emulator.messages import Answer, Pace, Request, error_answer
from emulator.routes import Router


class Server(ThreadingHTTPServer):
    """A server that runs in threads of its own between `start` and `stop`."""

    request_queue_size = 128  # the default of 5 makes a burst of connections wait for a second
    daemon_threads = False  # so that `stop` waits for the calls in flight

    def __init__(self, host: str, port: int, router: Router) -> None:
        self.router = router
        self._connections: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        super().__init__((host, port), Handler)

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End, with all connections and their threads."""
        self.shutdown()
        self._thread.join()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def server_bind(self) -> None:
        """Bind without the name lookup of HTTPServer."""
        socketserver.TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection, and remember it."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection at once: a shutdown first would turn a reset into an orderly end."""
        self._connections.discard(request)
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what went wrong, unless it is a client that has gone."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Reads requests from one connection and writes their answers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # without it, or unbuffered, an answer waits 40 ms for an ACK
    wbufsize = 64 * 1024

    def serve(self) -> None:
        """Answer one request."""
        request = Request(self.command, self.path, self.headers, self._read_body())
        try:
            answer = cast(Server, self.server).router.answer(request)
        except Exception as error:
            self._send(error_answer(500, f"{type(error).__name__}: {error}"))
            raise
        self._send(answer)

    # The names that http.server looks for.
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve  # noqa: N815

    def handle_expect_100(self) -> bool:
        """Send the 100 at once, not with the answer."""
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep quiet: the router records each call."""

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(iter(self._read_chunk, b""))
        return self._read(int(self.headers.get("Content-Length", 0)))

    def _read_chunk(self) -> bytes:
        size = int(self.rfile.readline().partition(b";")[0], 16)
        chunk = self._read(size)
        self.rfile.readline()
        return chunk

    def _read(self, size: int) -> bytes:
        """Read exactly so many bytes: of an upload that breaks off nothing is stored."""
        data = self.rfile.read(size)
        if len(data) < size:
            raise ConnectionAbortedError(f"{size} bytes were announced, {len(data)} came")
        return data

    def _send(self, answer: Answer) -> None:
        if answer.reset:
            self._reset()
            return
        if answer.pace:
            self._send_slowly(answer, answer.pace)
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, _header_value(value))
        if answer.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: answer.sent])
        if answer.sent is not None:
            self.close_connection = True

    def _send_slowly(self, answer: Answer, pace: Pace) -> None:
        """Send what the answer is otherwise, slowly."""
        wfile, self.wfile = self.wfile, io.BytesIO()
        try:
            self._send(replace(answer, pace=None))
            sent = self.wfile.getvalue()
        finally:
            self.wfile = wfile
        at_once = len(sent) - len(answer.body) if pace.is_of_body else 0
        self.connection.sendall(sent[:at_once])
        for position in range(at_once, len(sent)):
            self.connection.sendall(sent[position : position + 1])
            time.sleep(pace.seconds)

    def _reset(self) -> None:
        """Make the coming close a TCP reset: it lingers for 0 seconds."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True


def _header_value(value: str) -> str:
    """The value on one line, UTF-8 passed through the server's Latin-1."""
    return " ".join(value.split("\r\n")).replace("\n", " ").encode().decode("latin-1")
