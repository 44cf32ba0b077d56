"""The CloudEvents of finalized objects, and their delivery."""

import json
import logging
import random
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import quote, urlsplit

from emulator.objects import StoredObject, timestamp

FINALIZED = "google.cloud.storage.object.v1.finalized"
# The CloudEvents HTTP binding percent-encodes all but printable ASCII, and of that `"` and `%`.
HEADER_SAFE = "!#$&'()*+,/:;<=>?@[\\]^`{|}"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """A CloudEvent in binary mode: its attributes are headers, its data is the body."""

    subject: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Delivery:
    """One event delivered once: the status of each try, None where no answer came."""

    event: Event
    statuses: tuple[int | None, ...]

    @property
    def accepted(self) -> bool:
        """Whether the last try was answered with 2xx."""
        return _is_success(self.statuses[-1])


def finalized_event(stored: StoredObject, url: str) -> Event:
    """The event that Cloud Storage raises when an object is written."""
    subject = f"objects/{stored.name}"
    headers = {
        "Content-Type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": uuid.uuid4().hex,
        "ce-type": FINALIZED,
        "ce-source": f"//storage.googleapis.com/projects/_/buckets/{stored.bucket}",
        "ce-subject": quote(subject, safe=HEADER_SAFE),
        "ce-time": timestamp(stored.updated),
    }
    return Event(subject, headers, json.dumps(stored.resource(url)).encode())


class Sink:
    """Posts each event `copies` times, each copy until a 2xx but at most `tries` times."""

    def __init__(
        self,
        url: str,
        *,
        copies: int = 1,
        tries: int = 5,
        pause: float = 0.1,
        hold: bool = False,
        parallel: int = 1,
        timeout: float = 30.0,
    ) -> None:
        self._url = urlsplit(url)
        self._copies = copies
        self._tries = tries
        self._pause = pause  # seconds between two tries
        self._hold = hold  # nothing leaves before `release`
        self._timeout = timeout  # seconds for an answer
        self._held: list[Event] = []
        self._futures: list[Future[Delivery]] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._workers = ThreadPoolExecutor(parallel, thread_name_prefix="cloud-storage-events")

    def accept(self, event: Event) -> None:
        """Deliver an event, or keep it for later."""
        events = [event] * self._copies
        with self._lock:
            if self._hold:
                self._held += events
            else:
                self._submit(events)

    def release(self, seed: int) -> None:
        """Deliver what was held, in an order that depends only on the seed."""
        with self._lock:
            events, self._held = self._held, []
            random.Random(seed).shuffle(events)
            self._submit(events)

    def wait(self, timeout: float = 10.0) -> list[Delivery]:
        """All deliveries so far, in order; TimeoutError when one of them is not done in time."""
        futures = list(self._futures)
        if pending := wait(futures, timeout).not_done:
            raise TimeoutError(f"{len(pending)} deliveries are not done after {timeout} s")
        return [future.result() for future in futures]

    def is_done(self) -> bool:
        """Whether nothing that was released is still being delivered."""
        return all(future.done() for future in list(self._futures))

    def close(self) -> None:
        """Give up what is not delivered yet."""
        self._stopping.set()
        self._workers.shutdown(cancel_futures=True)

    def _submit(self, events: list[Event]) -> None:
        self._futures += [self._workers.submit(self._deliver, event) for event in events]

    def _deliver(self, event: Event) -> Delivery:
        statuses = [self._post(event)]
        while not _is_success(statuses[-1]) and len(statuses) < self._tries:
            if self._stopping.wait(self._pause):
                break
            statuses.append(self._post(event))
        return Delivery(event, tuple(statuses))

    def _post(self, event: Event) -> int | None:
        host, port = self._url.hostname or "", self._url.port
        connection = HTTPConnection(host, port, timeout=self._timeout)
        try:
            connection.request("POST", self._url.path or "/", event.body, dict(event.headers))
            status = connection.getresponse().status
        except (OSError, HTTPException) as error:
            log.warning("%s -> %s: %s", event.subject, self._url.geturl(), error)
            return None
        finally:
            connection.close()
        log.info("%s -> %s: %d", event.subject, self._url.geturl(), status)
        return status


def _is_success(status: int | None) -> bool:
    return status is not None and 200 <= status < 300
