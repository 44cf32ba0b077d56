"""A bucket's notifications, as subscriptions and Eventarc deliver them."""

import base64
import json

from emulator import CloudStorage, Sink
from emulator.notifications import forwarded, message, push_notification, pushed, structured
from emulator.recorder import Recorder


def test_push(storage: CloudStorage, function: Recorder) -> None:
    """A sink may get pushes of notifications, in the form in which a subscription sends them."""
    sink = storage.deliver("photos", Sink(function.url), push_notification)
    stored = storage.put("photos", "in/ä.png", b"1", "image/png")
    sink.wait()
    ((headers, body),) = function.events
    assert not [name for name in headers if name.lower().startswith("ce-")]
    assert body["subscription"] == "projects/my-project/subscriptions/uploads"
    attributes = body["message"]["attributes"]
    assert (
        attributes.items()
        >= {
            "eventType": "OBJECT_FINALIZE",
            "payloadFormat": "JSON_API_V1",
            "bucketId": "photos",
            "objectId": "in/ä.png",
            "objectGeneration": str(stored.generation),
        }.items()
    )
    assert json.loads(base64.b64decode(body["message"]["data"])) == stored.resource(storage.url)


def test_attributes_alone(storage: CloudStorage) -> None:
    """Without payload the message has no data."""
    published = message(storage.put("photos", "a", b"1"), storage.url, "NONE")
    assert "data" not in published
    assert published["attributes"]["payloadFormat"] == "NONE"


def test_forwarded(storage: CloudStorage) -> None:
    """Eventarc sends the same body, with attributes in the headers or beside the data."""
    published = message(storage.put("photos", "a", b"1"), storage.url)
    push, binary = pushed(published), forwarded(published)
    assert binary.body == push.body
    assert binary.headers["ce-id"] == published["messageId"]
    document = json.loads(structured(binary).body)
    assert document["type"] == binary.headers["ce-type"] == "google.cloud.pubsub.topic.v1.messagePublished"
    assert document["data"] == json.loads(push.body)
