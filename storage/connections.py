"""Connections on which the timeout of a request bounds all of it, to the last byte of the answer.

requests and urllib3 bound each wait alone, of which a peer that sends a byte now and then makes any number.
"""

from __future__ import annotations

import http.client
import io
import math
import socket
import time
from collections.abc import Mapping
from typing import Any

from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

WAIT_SHARE = 0.5
"""The part of a request's time that one wait may take: a peer that says nothing is given up earlier than a slow one."""
BLOCK = 16384  # bytes that are sent at a time; TLS sends no more in one piece
KEPT = 64  # connections to a host: requests would keep 10, and make those that are used beside them anew each time
BUFFER = 65536  # bytes that are received at a time at most: each time costs a change of the timeout


def bound(session: Session) -> None:
    """Bound the requests of a session, and those with which a Google client refreshes its credentials.

    Adapters that are not the plain one, such as those with client certificates, stay as they are.
    """
    sessions = [session, getattr(session, "_auth_request_session", None)]
    for each in filter(None, sessions):
        for prefix, adapter in list(each.adapters.items()):
            if type(adapter) is HTTPAdapter:
                each.mount(prefix, BoundedAdapter(pool_maxsize=KEPT))


class BoundedAdapter(HTTPAdapter):
    """Makes bounded connections; `timeout` is a number of seconds, or None for no bound."""

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        """The answer, whose body may still be on its way: its time is bounded too."""
        whole = dict(proxies) if proxies else None
        if timeout is not None:
            timeout = Timeout(connect=timeout, read=timeout, total=timeout)  # which requests passes on as it is
        return super().send(request, stream, timeout, verify, cert, whole)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools of connections."""
        super().init_poolmanager(*args, **options)
        _bound_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Make the pools of connections to a proxy."""
        manager = super().proxy_manager_for(proxy, **options)
        _bound_pools(manager)
        return manager


class BoundedConnection(HTTPConnection):
    """A connection on which nothing waits for longer than the request's time.

    urllib3 sets `timeout` to what is left of that before each of its steps, and asks for it before each wait.
    """

    _ends = _longest = math.inf

    @property
    def timeout(self) -> float | None:
        """Seconds that the next wait may take; raises TimeoutError when the time is over."""
        remaining = self._ends - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the time for the request is over")
        wait = min(remaining, self._longest)
        return None if wait == math.inf else wait

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._ends = math.inf if seconds is None else time.monotonic() + seconds
        self._longest = math.inf if seconds is None else seconds * WAIT_SHARE

    def send(self, data: Any) -> None:
        """Send bytes, in blocks that each have what is left of the time."""
        whole = memoryview(data)
        for start in range(0, len(whole), BLOCK):
            if self.sock is not None:
                self.sock.settimeout(self.timeout)
            super().send(whole[start : start + BLOCK])

    def response_class(  # type: ignore[override] # called, like the class that it stands for
        self, sock: socket.socket, *args: Any, **options: Any
    ) -> http.client.HTTPResponse:
        """The file that the answer is read with."""
        response = http.client.HTTPResponse(sock, *args, **options)
        response.fp = io.BufferedReader(_BoundedFile(response.fp.detach(), sock, self), BUFFER)
        return response

    def _new_conn(self) -> socket.socket:
        """Connect; the addresses of a host share the time, where urllib3 gives each of them all of it."""
        failed: OSError | None = None
        for address in self._addresses():
            try:
                return self._connected(address)
            except OSError as error:
                failed = error
        raise NewConnectionError(self, f"{self.host} cannot be reached: {failed}") from failed

    def _connected(self, address: str) -> socket.socket:
        sock = create_connection((address, self.port), self.timeout, self.source_address, self.socket_options)
        try:
            sock.settimeout(self.timeout)  # for the handshake of TLS
        except TimeoutError:
            sock.close()
            raise
        return sock

    def _addresses(self) -> list[str]:
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        return list(dict.fromkeys(str(address[0]) for *_, address in found))


class BoundedTlsConnection(BoundedConnection, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = BoundedConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = BoundedTlsConnection


def _bound_pools(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


class _BoundedFile(io.RawIOBase):
    """Bytes through a socket; each wait for them has what is left of the connection's time."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, connection: BoundedConnection) -> None:
        self._raw = raw
        self._sock = sock
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._connection.timeout)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
