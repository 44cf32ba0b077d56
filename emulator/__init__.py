"""A local Cloud Storage: generations, preconditions, retention, faults on demand and finalize events.

with CloudStorage(["photos"]) as storage:
    storage.faults.add(Status(503), "read_media", name="a.png", times=2)
    storage.put("photos", "a.png", b"...", "image/png")
    client = google.cloud.storage.Client("test", client_options={"api_endpoint": storage.url})
"""

from emulator.cloud_storage import CloudStorage
from emulator.events import Delivery, Event, Sink
from emulator.faults import (
    AnswerLost,
    Callback,
    CorruptBytes,
    CutStream,
    Drip,
    Fault,
    Reset,
    Rule,
    Stall,
    Status,
    Unfinished,
)
from emulator.messages import Call, Operation
from emulator.objects import StoredObject

__all__ = [
    "AnswerLost",
    "Call",
    "Callback",
    "CloudStorage",
    "CorruptBytes",
    "CutStream",
    "Delivery",
    "Drip",
    "Event",
    "Fault",
    "Operation",
    "Reset",
    "Rule",
    "Sink",
    "Stall",
    "Status",
    "StoredObject",
    "Unfinished",
]
