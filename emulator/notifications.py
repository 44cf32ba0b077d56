"""A bucket's notifications: messages of Pub/Sub about objects, in the envelopes in which they are delivered."""

import base64
import json
import uuid
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, Literal

from emulator.events import Event
from emulator.objects import StoredObject, timestamp

PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"
SUBSCRIPTION = "projects/my-project/subscriptions/uploads"

Payload = Literal["JSON_API_V1", "NONE"]


def message(
    stored: StoredObject, url: str, payload: Payload = "JSON_API_V1", event_type: str = "OBJECT_FINALIZE"
) -> dict[str, Any]:
    """The message that Cloud Storage publishes about an object: attributes, and its resource as payload."""
    attributes = {
        "notificationConfig": f"projects/_/buckets/{stored.bucket}/notificationConfigs/1",
        "eventType": event_type,
        "payloadFormat": payload,
        "bucketId": stored.bucket,
        "objectId": stored.name,
        "objectGeneration": str(stored.generation),
        "eventTime": timestamp(stored.updated),
    }
    number, now = str(uuid.uuid4().int)[:17], timestamp(datetime.now(timezone.utc))
    published = {"attributes": attributes, "messageId": number, "message_id": number}
    published |= {"publishTime": now, "publish_time": now}
    if payload == "JSON_API_V1":
        published["data"] = base64.b64encode(json.dumps(stored.resource(url)).encode()).decode()
    return published


def pushed(published: dict[str, Any]) -> Event:
    """The request of a push subscription."""
    body = json.dumps({"message": published, "subscription": SUBSCRIPTION}).encode()
    return Event(published["attributes"]["objectId"], {"Content-Type": "application/json"}, body)


def forwarded(published: dict[str, Any]) -> Event:
    """The same, as Eventarc sends it on: in binary mode."""
    event = pushed(published)
    headers = {
        "ce-specversion": "1.0",
        "ce-id": published["messageId"],
        "ce-type": PUBLISHED,
        "ce-source": "//pubsub.googleapis.com/projects/my-project/topics/uploads",
        "ce-time": published["publishTime"],
    }
    return replace(event, headers={**event.headers, **headers})


def structured(event: Event) -> Event:
    """A CloudEvent in structured mode: its attributes are in the body, beside its data."""
    attributes = {name.removeprefix("ce-"): value for name, value in event.headers.items() if name.startswith("ce-")}
    body = json.dumps(attributes | {"datacontenttype": "application/json", "data": json.loads(event.body)})
    return Event(event.subject, {"Content-Type": "application/cloudevents+json"}, body.encode())


def push_notification(stored: StoredObject, url: str) -> Event:
    """The delivery of a push subscription to a bucket's notifications when an object is stored."""
    return pushed(message(stored, url))
