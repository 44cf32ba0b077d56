"""The server with its state, as a test or a user holds it."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

from emulator.errors import MissingError
from emulator.events import Event, Sink, finalized_event
from emulator.faults import Faults
from emulator.messages import Call
from emulator.objects import StoredObject
from emulator.routes import Router
from emulator.server import Server
from emulator.store import Store, Target

EventMaker = Callable[[StoredObject, str], Event]
"""Makes the event that tells of a stored object, by the server's address."""


class CloudStorage:
    """A Cloud Storage server on loopback; port 0 takes a free one."""

    def __init__(self, buckets: Iterable[str] = (), *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.faults = Faults()
        self._sinks: list[tuple[str, Sink, EventMaker]] = []
        self._store = Store(self._finalized)
        for bucket in buckets:
            self._store.create_bucket(bucket)
        self._router = Router(self._store, self.faults)
        self._server = Server(host, port, self._router)
        self.url = f"http://{host}:{self._server.server_address[1]}"

    def __enter__(self) -> "CloudStorage":
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.faults.stopping.set()
        self._server.stop()
        for _, sink, _ in self._sinks:
            sink.close()

    @property
    def requests(self) -> list[Call]:
        """Each call so far, in order."""
        return list(self._router.calls)

    def put(
        self,
        bucket: str,
        name: str,
        data: bytes,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
        *,
        encoding: str | None = None,
    ) -> StoredObject:
        """Store an object, as an upload would."""
        attributes: dict[str, Any] = {"contentType": content_type, "contentEncoding": encoding, "metadata": metadata}
        return self._store.write(Target(bucket, name), data, attributes)

    def annotate(self, bucket: str, name: str, metadata: Mapping[str, str]) -> StoredObject:
        """Set keys of an object's custom metadata."""
        return self._store.patch(Target(bucket, name), {"metadata": dict(metadata)}, keep=True)

    def get(self, bucket: str, name: str) -> StoredObject | None:
        """The object as it is now, or None."""
        return self._store.objects(bucket).get(name)

    def retain(self, bucket: str, seconds: int | None) -> None:
        """Let no object of a bucket be replaced or deleted for so long after it was stored; None ends that."""
        self._store.retain(bucket, seconds)

    def hold(self, bucket: str, name: str, wanted: bool = True) -> StoredObject:
        """Put a temporary hold on an object, or take it away."""
        return self._store.patch(Target(bucket, name), {"temporaryHold": wanted}, keep=True)

    def delete(self, bucket: str, name: str) -> None:
        """Remove an object; nothing happens when it is not there."""
        with suppress(MissingError):
            self._store.delete(Target(bucket, name))

    def names(self, bucket: str) -> list[str]:
        """The names of a bucket's objects, sorted."""
        return sorted(self._store.objects(bucket))

    def deliver(self, bucket: str, sink: Sink, make_event: EventMaker = finalized_event) -> Sink:
        """Hand the sink an event for each object that is stored in the bucket from now on; it is closed at the end."""
        self._sinks.append((bucket, sink, make_event))
        return sink

    def _finalized(self, stored: StoredObject) -> None:
        for bucket, sink, make_event in self._sinks:
            if bucket == stored.bucket:
                sink.accept(make_event(stored, self.url))
