"""Time and memory of `classify_upload` against the size of the object, with a stand-in for Cloud Storage."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from urllib.request import Request, urlopen

from benchmarks import pictures, servers
from benchmarks.models import MOBILENET, ROOT
from benchmarks.peak import peak
from benchmarks.rounds import OURS, Comparison, alternate, timed
from benchmarks.servers import DEPLOYED, MEGABYTE, Running, Server
from emulator import CloudStorage
from emulator.events import Event, finalized_event

HEADING = "Growth"
SIDES = {"640 x 480": pictures.SMALL, "12 MP": pictures.LARGE, "50 MP": (8660, 5773)}


def measure(rounds: int) -> Iterator[Comparison]:
    """Milliseconds from an event to its answer, when the labels are stored."""
    with CloudStorage(["photos", "results"]) as storage, servers.running(function(storage.url)) as server:
        server.wait_until_up()
        for name, (width, height) in SIDES.items():
            picture = pictures.jpeg(width, height)
            upload = partial(_upload, storage, server, f"{name}.jpg", picture)
            upload()
            case = f"upload of {len(picture) / MEGABYTE:.1f} MB, {name}"
            with peak(server) as reached:
                upload()
            yield Comparison(HEADING, f"{case}: latency", "ms", alternate({OURS: upload}, rounds))
            yield Comparison(HEADING, f"{case}: peak memory above what was held before", "MB", {OURS: (reached.above,)})


def _upload(storage: CloudStorage, server: Running, name: str, picture: bytes) -> float:
    """Milliseconds that the event of a new generation takes."""
    event = finalized_event(storage.put("photos", name, picture), storage.url)
    return timed(partial(send, server, event))()


def function(storage: str) -> Server:
    """The function as it is deployed, on a Cloud Storage at that address."""
    settings = {"MODEL": str(MOBILENET.exported), "RESULTS": "gs://results/labels", "STORAGE_EMULATOR_HOST": storage}
    command = (str(DEPLOYED), "-m", "functions_framework", "--target", "classify_upload", "--port", "{port}")
    return Server(OURS, command, ROOT, settings)


def send(server: Running, event: Event) -> None:
    """Deliver an event; raises what urlopen raises for an answer other than 200."""
    request = Request(server.url, event.body, dict(event.headers), method="POST")
    with urlopen(request) as answer:
        answer.read()
