"""The envelopes in which Google delivers what happened to an object, and the upload that they tell of.

A CloudEvent in binary or structured mode, from Cloud Storage by Eventarc; a bucket's notification, as a message of
Pub/Sub that Eventarc forwards or that a subscription pushes, with the object's resource or with attributes alone; and
the events of the first generation of Cloud Functions.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.api_core.datetime_helpers import from_rfc3339
from werkzeug.datastructures import Headers

from storage.location import MAX_NAME
from storage.upload import Upload

UPLOADS = {
    "google.cloud.storage.object.v1.finalized",
    "OBJECT_FINALIZE",
    "google.storage.object.finalize",
    "providers/cloud.storage/eventTypes/object.change",
}
"""The types of what is labelled: of CloudEvents, of notifications, of the first generation."""
OTHERS = {
    *(f"google.cloud.storage.object.v1.{kind}" for kind in ("deleted", "archived", "metadataUpdated")),
    *(f"OBJECT_{kind}" for kind in ("DELETE", "ARCHIVE", "METADATA_UPDATE")),
    *(f"google.storage.object.{kind}" for kind in ("delete", "archive", "metadataUpdate")),
}
"""The other events of objects."""
MESSAGES = {
    "google.cloud.pubsub.topic.v1.messagePublished",
    "google.pubsub.topic.publish",
    "providers/cloud.pubsub/eventTypes/topic.publish",
}
ATTRIBUTES = {"bucket": "bucketId", "name": "objectId", "generation": "objectGeneration"}
"""The resource's names of a notification's attributes."""
SHOWN = 100  # characters of a foreign type that a sentence quotes


class BadEvent(ValueError):
    """A delivery that tells of nothing known; the message is a sentence."""


@dataclass(frozen=True)
class Event:
    """The contents of an envelope: the type, the object, and its times as far as they are known."""

    type: str
    id: str
    data: Any
    times: tuple[Any, ...]
    is_described: bool = True
    """False where the data are no more than the object's name and generation."""


def read(headers: Headers, body: bytes) -> Upload | None:
    """The upload that a delivery tells of; None for what else happens to objects.

    Raises BadEvent for all that is not understood.
    """
    event = _opened(headers, body)
    if event.type in MESSAGES:
        event = _published(event)
    if event.type in OTHERS:
        return None
    if event.type not in UPLOADS:
        raise BadEvent(f"Events of the type {event.type[:SHOWN]!r} are not about objects in Cloud Storage.")
    return _upload(event)


def _opened(headers: Headers, body: bytes) -> Event:
    document = _parsed(body)
    if "ce-type" in headers or "ce-id" in headers or "ce-specversion" in headers:
        attributes = {name: headers.get(f"ce-{name}") for name in ("specversion", "id", "source", "type", "time")}
        return _cloud_event(attributes, document)
    if not isinstance(document, Mapping):
        raise BadEvent("The request is no event: it has no attributes, and its body is not a JSON object.")
    if "specversion" in document:
        return _cloud_event(document, document.get("data", document.get("data_base64")))
    if "message" in document:
        return Event("google.pubsub.topic.publish", "", document, ())
    context = document["context"] if isinstance(document.get("context"), Mapping) else document
    if "eventType" in context:
        times = (context.get("timestamp"),)
        return Event(str(context["eventType"]), str(context.get("eventId", "")), document.get("data"), times)
    raise BadEvent("The request is no event: it has no type. Subscriptions must push messages in their wrapper.")


def _cloud_event(attributes: Mapping[str, Any], data: Any) -> Event:
    for name in ("specversion", "id", "source", "type"):
        if not isinstance(attributes.get(name), str) or not attributes[name]:
            raise BadEvent(f"The event has no attribute {name}.")
    if isinstance(data, str):
        data = _unpacked(data)
    return Event(attributes["type"], attributes["id"], data, (attributes.get("time"),))


def _published(event: Event) -> Event:
    """The event in a message; in a message of the first generation it is the data themselves."""
    data = event.data if isinstance(event.data, Mapping) else {}
    message = data["message"] if isinstance(data.get("message"), Mapping) else data
    attributes = message.get("attributes")
    if not isinstance(attributes, Mapping) or not isinstance(attributes.get("eventType"), str):
        raise BadEvent("The message is not a notification about an object: it has no attribute eventType.")
    packed = message.get("data")
    resource = _unpacked(packed) if packed else {name: attributes.get(key) for name, key in ATTRIBUTES.items()}
    times = (*event.times, message.get("publishTime"), attributes.get("eventTime"))
    return Event(attributes["eventType"], str(message.get("messageId") or event.id), resource, times, bool(packed))


def _upload(event: Event) -> Upload:
    data = event.data
    if not isinstance(data, Mapping):
        raise BadEvent("The event's data is not a JSON object that describes an uploaded file.")
    for name in (*ATTRIBUTES, *(["size"] if event.is_described else [])):
        if name not in data:
            raise BadEvent(f"The event's data lacks {name!r}.")
    if not (_is_name(data["bucket"]) and _is_name(data["name"])):
        raise BadEvent("The event's data names no bucket and object.")
    content_type, metadata = data.get("contentType"), data.get("metadata")
    upload = Upload(
        data["bucket"],
        data["name"],
        _number(data["generation"]),
        content_type if isinstance(content_type, str) else None,
        _number(data["size"]) if event.is_described else 0,
        metadata if isinstance(metadata, Mapping) else {},
        event.id,
        is_described=event.is_described,
    )
    for time in (*event.times, data.get("timeCreated")):
        upload = upload.seen(_moment(time))
    return upload


def _parsed(text: bytes | str) -> Any:
    """The value of JSON, None for what is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _unpacked(packed: object) -> Any:
    """The value of JSON in base64, None for anything else."""
    try:
        return _parsed(base64.b64decode(str(packed), validate=True))
    except ValueError:
        return None


def _number(value: Any) -> int:
    """A whole number as JSON has them for 64 bits: in a string."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadEvent(f"The event's data holds no usable generation and size: {error}.") from error
    if not 0 <= number < 2**63 or (number != value and str(number) != value):
        raise BadEvent("The event's data holds no usable generation and size: they are whole numbers of 64 bits.")
    return number


def _is_name(value: Any) -> bool:
    try:
        return isinstance(value, str) and 0 < len(value.encode()) <= MAX_NAME
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can spell
        return False


def _moment(value: Any) -> datetime | None:
    try:
        moment: datetime = from_rfc3339(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment
