"""One uploaded object, as the storage event about it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from cloudevents.http import CloudEvent
from google.api_core.datetime_helpers import from_rfc3339

from service.location import Location

FINALIZED = "google.cloud.storage.object.v1.finalized"


class BadEvent(ValueError):
    """The event does not describe an object in a bucket."""


@dataclass(frozen=True)
class Upload:
    """One generation of one object; `event_id` and `time` (UTC) are the event's, where one told of it."""

    bucket: str
    name: str
    generation: int
    content_type: str | None
    size: int
    metadata: Mapping[str, str]
    event_id: str = ""
    time: datetime | None = None

    @classmethod
    def from_event(cls, event: CloudEvent) -> Upload:
        """Read a finalized event; BadEvent says what is missing."""
        data = event.data
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
        metadata = data.get("metadata")
        return cls(
            bucket,
            name,
            generation,
            data.get("contentType"),
            size,
            metadata if isinstance(metadata, Mapping) else {},
            str(event["id"]),
            _moment(event.get("time")) or _moment(data.get("timeCreated")),
        )

    @property
    def location(self) -> Location:
        """Where the object is."""
        return Location(self.bucket, self.name)

    def age(self) -> float:
        """Seconds since the event; 0 when it does not say when it was."""
        return (datetime.now(timezone.utc) - self.time).total_seconds() if self.time else 0.0

    def __str__(self) -> str:
        return f"gs://{self.bucket}/{self.name}#{self.generation}"


def _moment(value: Any) -> datetime | None:
    try:
        moment: datetime = from_rfc3339(value)
    except (TypeError, ValueError):
        return None
    return moment
