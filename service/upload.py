"""Storage events: an uploaded picture in, its labels stored.

To return is to be done with the event; to raise is to ask for it again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from predictor import BadImage, Classifier
from service import documents
from service.errors import status_of
from service.settings import Location
from service.storage import Storage

FINALIZED = "google.cloud.storage.object.v1.finalized"
MAX_NAME = 1024  # bytes of UTF-8 in an object's name

_log = logging.getLogger(__name__)


class BadEvent(ValueError):
    """The event does not describe an object in a bucket."""


@dataclass(frozen=True)
class Upload:
    """One generation of one object, as a finalized event describes it."""

    bucket: str
    name: str
    generation: int
    content_type: str | None
    size: int

    @classmethod
    def from_event_data(cls, data: object) -> Upload:
        """Read the event's data; BadEvent says what is missing."""
        if not isinstance(data, Mapping):
            raise BadEvent("The event's data is not a JSON object that describes an uploaded file.")
        try:
            bucket, name = data["bucket"], data["name"]
            generation, size = int(data["generation"]), int(data["size"])
        except KeyError as error:
            raise BadEvent(f"The event's data lacks {error}.") from error
        except (TypeError, ValueError, OverflowError) as error:
            raise BadEvent(f"The event's data holds no usable generation and size: {error}.") from error
        if not (isinstance(bucket, str) and isinstance(name, str) and bucket and name):
            raise BadEvent("The event's data names no bucket and object.")
        return cls(bucket, name, generation, data.get("contentType"), size)

    def __str__(self) -> str:
        return f"gs://{self.bucket}/{self.name}#{self.generation}"


def label(upload: Upload, classifier: Classifier, storage: Storage, results: Location) -> None:
    """Classify one upload and store what came of it below `results`.

    A picture that cannot be classified gets a record that says why. One that is gone or replaced gets none: there is
    nothing left to do. Faults of the storage are raised.
    """
    if results.holds(upload.bucket, upload.name):
        _log.info("%s: not classified, it is a result", upload)
        return
    target = results.child(upload.bucket, f"{upload.name}.json")
    if len(target.name.encode()) > MAX_NAME:
        _log.error("%s: not classified, its name is so long that its result cannot be stored", upload)
        return
    try:
        classifier.limits.check_bytes(upload.size)
        data = storage.read(Location(upload.bucket, upload.name), upload.generation)
        if data is None:
            _log.info("%s: gone or replaced, nothing to do", upload)
            return
        outcome = documents.predictions(classifier.classify(data))
    except BadImage as error:
        outcome = {"error": {"code": status_of(error), "message": error.reason}}
    stored = storage.store(target, _document(upload, classifier, outcome), upload.generation)
    _log.info("%s: %s", upload, f"stored {target}" if stored else f"{target} is already as new")


def _document(upload: Upload, classifier: Classifier, outcome: dict[str, Any]) -> dict[str, Any]:
    source = {
        "bucket": upload.bucket,
        "name": upload.name,
        "generation": str(upload.generation),
        "content_type": upload.content_type,
        "size": upload.size,
    }
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    return outcome | {"source": source} | documents.model(classifier) | {"classified_at": now}
