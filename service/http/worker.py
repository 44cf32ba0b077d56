"""gunicorn's threaded worker, in which slow clients wait beside the work and not in its place.

gunicorn gives each connection a thread for as long as its client likes: with four threads four connections that send
a byte a second end all service. Here a thread more costs little, clients have a least rate, and only those requests
that have come take turns for memory and processor.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gunicorn import config
from gunicorn.http.body import ChunkedReader
from gunicorn.workers.gthread import ThreadWorker

from results.errors import RequestError
from service.http import turn
from service.http.patience import PatientSocket

WAITING = 64  # threads for clients that let wait, beside those that THREADS asks for
LONGEST_LINE = 8190  # bytes of a request line: without a limit, gunicorn looks through all of it with every piece
FREE_CHUNKS = 10_000  # of a body, however small they are
BYTES_A_CHUNK = 1024  # on average beyond those: each takes 2.5 microseconds

SMALL_CHUNKS = (
    f"The request comes in too many small chunks; beyond {FREE_CHUNKS:,} they need {BYTES_A_CHUNK:,} bytes on average."
)


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn is not typed
    """The threaded worker; `threads` requests work at a time."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.cfg.set("limit_request_line", LONGEST_LINE)

    def load_wsgi(self) -> None:
        """Load the function, and let it know how many turns there are."""
        super().load_wsgi()
        self.wsgi: turn.Application = turn.shared(self.wsgi, self.cfg.threads)

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Threads to work and to wait in; they are started when there is need."""
        return ThreadPoolExecutor(self.cfg.threads + WAITING)

    def enqueue_req(self, conn: Any) -> None:
        """Hand a connection to a thread."""
        if not isinstance(conn.sock, PatientSocket):
            conn.sock = PatientSocket.of(conn.sock)
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Answer one request of a connection, in a thread; whether the connection stays."""
        conn.sock.begin()
        stays = super().handle(conn)
        if stays is False:
            conn.sock.hang_up()
        return stays

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request whose head is read."""
        conn.sock.end_head()
        if isinstance(req.body.reader, ChunkedReader):
            _count_chunks(req.body.reader)
        return super().handle_request(req, conn)


def install() -> None:
    """Let gunicorn use this worker, which functions-framework leaves to gunicorn's default."""
    config.WorkerClass.default = f"{Worker.__module__}.{Worker.__qualname__}"


def _count_chunks(reader: Any) -> None:
    """Let a body's reader raise RequestError 400 where to take it apart would be the work."""
    read: Callable[..., tuple[int, bytes | None]] = reader.parse_chunk_size
    chunks = size = 0

    def counted(*arguments: Any, **named: Any) -> tuple[int, bytes | None]:
        nonlocal chunks, size
        found = read(*arguments, **named)
        chunks, size = chunks + 1, size + found[0]
        if chunks > FREE_CHUNKS + size // BYTES_A_CHUNK:
            raise RequestError(400, SMALL_CHUNKS)
        return found

    reader.parse_chunk_size = counted
