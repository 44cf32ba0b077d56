"""What is uploaded, how its event is delivered, and how the stored result is read."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from PIL import Image

from emulator import CloudStorage, Operation, StoredObject
from emulator.events import Event, finalized_event

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "examples" / "digits" / "samples"
THREE, SEVEN = ((SAMPLES / name).read_bytes() for name in ("3.png", "7.png"))
TEXT = b"milk, eggs, flour"
RESULT = "labels/photos/a.png.json"


def half_a_jpeg() -> bytes:
    """A photograph whose upload broke off."""
    file = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(file, "JPEG")
    return file.getvalue()[: file.tell() // 2]


def uploaded(
    storage: CloudStorage, data: bytes = THREE, name: str = "a.png", metadata: dict[str, str] | None = None
) -> Event:
    """Upload a picture, and give the event that this raises."""
    return finalized_event(storage.put("photos", name, data, "image/png", metadata), storage.url)


def deliver(function: FlaskClient, event: Event) -> int:
    """Deliver an event; the status of the answer: 200 ends its delivery, 500 asks for another."""
    return function.post("/", data=event.body, headers=dict(event.headers)).status_code


def stored(storage: CloudStorage, name: str = RESULT) -> StoredObject:
    """A stored result, which has to be there."""
    result = storage.get("results", name)
    assert result is not None, storage.names("results")
    return result


def document(storage: CloudStorage, name: str = RESULT) -> dict[str, Any]:
    """What a stored result says."""
    found: dict[str, Any] = json.loads(stored(storage, name).data)
    return found


def top_label(result: StoredObject) -> str:
    """The best label of a result."""
    label: str = json.loads(result.data)["predictions"][0]["label"]
    return label


def calls(storage: CloudStorage, operation: Operation) -> int:
    """How many calls of a kind there were."""
    return [call.operation for call in storage.requests].count(operation)


def generation_of(event: Event) -> int:
    """Which generation an event is about."""
    return int(json.loads(event.body)["generation"])
