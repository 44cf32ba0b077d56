"""The envelopes in which events come, through functions-framework: each is labelled, done, or refused aloud."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import Headers

from emulator import CloudStorage, Status, StoredObject
from emulator.events import Event, finalized_event
from emulator.notifications import forwarded, message, pushed, structured
from service.events import BadEvent, read
from tests.service.upload.conftest import Start
from tests.service.upload.pictures import SEVEN, THREE, calls, deliver, document, stored, top_label, uploaded

Envelope = Callable[[StoredObject, str], Event]
"""Makes the event that tells of an object that was stored at the address."""


def background(stored: StoredObject, url: str, kind: str = "finalize") -> Event:
    """An event of the first generation of Cloud Functions."""
    resource = {"service": "storage.googleapis.com", "name": f"projects/_/buckets/photos/objects/{stored.name}"}
    context = {"eventId": "1", "eventType": f"google.storage.object.{kind}", "resource": resource}
    context["timestamp"] = datetime.now(timezone.utc).isoformat()
    body = json.dumps({"context": context, "data": stored.resource(url)})
    return Event(stored.name, {"Content-Type": "application/json"}, body.encode())


def background_message(stored: StoredObject, url: str) -> Event:
    """A message of Pub/Sub as the first generation of Cloud Functions delivers it."""
    published = message(stored, url)
    context = {"eventId": "1", "eventType": "google.pubsub.topic.publish", "timestamp": published["publishTime"]}
    data = {"@type": "type.googleapis.com/google.pubsub.v1.PubsubMessage", **published}
    body = json.dumps({"context": context, "data": data})
    return Event(stored.name, {"Content-Type": "application/json"}, body.encode())


def in_base64(stored: StoredObject, url: str) -> Event:
    """A structured event whose data are bytes."""
    document = json.loads(structured(finalized_event(stored, url)).body)
    document["data_base64"] = base64.b64encode(json.dumps(document.pop("data")).encode()).decode()
    return Event(stored.name, {"Content-Type": "application/cloudevents+json"}, json.dumps(document).encode())


ENVELOPES: dict[str, Envelope] = {
    "binary": finalized_event,
    "structured": lambda stored, url: structured(finalized_event(stored, url)),
    "structured, in base64": in_base64,
    "pushed": lambda stored, url: pushed(message(stored, url)),
    "pushed, attributes alone": lambda stored, url: pushed(message(stored, url, "NONE")),
    "forwarded": lambda stored, url: forwarded(message(stored, url)),
    "forwarded, attributes alone": lambda stored, url: forwarded(message(stored, url, "NONE")),
    "forwarded, structured": lambda stored, url: structured(forwarded(message(stored, url))),
    "first generation": background,
    "first generation, message": background_message,
}
ALONE = [name for name in ENVELOPES if "alone" in name]


def told(storage: CloudStorage, envelope: str, data: bytes = THREE, **options: Any) -> Event:
    """Upload a picture, and give the event that tells of it."""
    stored = storage.put("photos", options.pop("name", "a.png"), data, "image/png", **options)
    return ENVELOPES[envelope](stored, storage.url)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines of severity ERROR."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


# Uploads


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_labelled(storage: CloudStorage, function: FlaskClient, envelope: str) -> None:
    """A finalized object is labelled in every envelope; the result says the same of it, whatever told of it."""
    event = told(storage, envelope)
    picture = storage.get("photos", "a.png")
    assert picture is not None
    assert deliver(function, event) == 200
    assert top_label(stored(storage)) == "3"
    assert document(storage)["source"] == {
        "bucket": "photos",
        "name": "a.png",
        "generation": str(picture.generation),
        "content_type": "image/png",
        "size": len(THREE),
    }


@pytest.mark.parametrize("path", ["/", "/projects/my-project/topics/uploads", "/push?token=1"])
def test_any_path(storage: CloudStorage, function: FlaskClient, path: str) -> None:
    """Subscriptions push to whatever path they were given."""
    event = told(storage, "pushed")
    assert function.post(path, data=event.body, headers=dict(event.headers)).status_code == 200
    assert top_label(stored(storage)) == "3"


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_odd_name(storage: CloudStorage, function: FlaskClient, envelope: str) -> None:
    """Names come through every envelope as they are."""
    names = ["a b.png", "héllo-日本.png", "in/..png", '"%41".png', "a\tb.png"]
    for name in names:
        assert deliver(function, told(storage, envelope, name=name)) == 200
    assert storage.names("results") == sorted(f"labels/photos/{name}.json" for name in names)


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_replaced(storage: CloudStorage, function: FlaskClient, envelope: str) -> None:
    """The event of a generation that was replaced is done, without a result."""
    event = told(storage, envelope)
    uploaded(storage, SEVEN)
    assert deliver(function, event) == 200
    assert storage.names("results") == []


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_what_we_wrote(storage: CloudStorage, function: FlaskClient, envelope: str) -> None:
    """What carries our mark is left alone, also where only its name is told."""
    assert deliver(function, told(storage, envelope, metadata={"source-generation": "1"})) == 200
    assert storage.names("results") == []


@pytest.mark.parametrize("envelope", ALONE)
def test_left_alone_by_name(storage: CloudStorage, start: Start, envelope: str) -> None:
    """What its name excludes is not looked at."""
    assert deliver(start(EXCLUDE="*.png"), told(storage, envelope)) == 200
    assert storage.requests == []


@pytest.mark.parametrize("envelope", ALONE)
def test_too_large_by_name(storage: CloudStorage, start: Start, envelope: str) -> None:
    """The size of what is only named is looked up before anything is downloaded."""
    assert deliver(start(MAX_BYTES="1000"), told(storage, envelope, b"\0" * 1001)) == 200
    assert document(storage)["error"]["code"] == 413
    assert calls(storage, "read_media") == 0


@pytest.mark.parametrize("envelope", ALONE)
def test_cannot_be_described(storage: CloudStorage, start: Start, envelope: str) -> None:
    """The record of what could not even be looked up says what was told of it."""
    storage.faults.add(Status(403), "read_metadata", times=None)
    event = told(storage, envelope)
    function = start(MAX_EVENT_AGE="0.001")
    assert deliver(function, event) == 200
    found = document(storage)
    assert found["error"]["code"] == 403
    assert (found["source"]["name"], found["source"]["content_type"], found["source"]["size"]) == ("a.png", None, None)


# Age


def times(event: Event, change: Callable[[str], str]) -> Event:
    """The event with each of the times that its message tells changed."""
    body = json.loads(event.body)
    published = body["message"]
    if "data" in published:
        resource = json.loads(base64.b64decode(published["data"]))
        resource["timeCreated"] = change("timeCreated")
        published["data"] = base64.b64encode(json.dumps(resource).encode()).decode()
    published |= {"publishTime": change("publishTime"), "publish_time": change("publishTime")}
    published["attributes"]["eventTime"] = change("eventTime")
    headers = {name: value for name, value in event.headers.items() if name != "ce-time"}
    return replace(event, headers=headers, body=json.dumps(body).encode())


@pytest.mark.parametrize("envelope", [name for name in ENVELOPES if name.startswith(("pushed", "forwarded"))][:4])
@pytest.mark.parametrize("told_by", ["timeCreated", "publishTime", "eventTime", "nothing"])
def test_age(storage: CloudStorage, function: FlaskClient, envelope: str, told_by: str) -> None:
    """A notification is as old as the oldest of the times that it tells, and never as young as its delivery."""
    now = datetime.now(timezone.utc)
    old, young = ((now - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ") for hours in (24, 1))
    event = times(told(storage, envelope), lambda name: old if name == told_by else young)
    storage.faults.add(Status(403), "read_media", times=None)
    is_old = told_by != "nothing" and not ("alone" in envelope and told_by == "timeCreated")
    assert deliver(function, event) == (200 if is_old else 500)
    assert storage.names("results") == (["labels/photos/a.png.json"] if is_old else [])


# What else happens to objects


def renamed(event: Event, kind: str) -> Event:
    """A CloudEvent of another type."""
    return replace(event, headers={**event.headers, "ce-type": f"google.cloud.storage.object.v1.{kind}"})


OTHER_EVENTS: dict[str, Envelope] = {
    **{
        f"{kind}, binary": lambda stored, url, kind=kind: renamed(finalized_event(stored, url), kind)  # type: ignore[misc]
        for kind in ("deleted", "archived", "metadataUpdated")
    },
    "deleted, structured": lambda stored, url: structured(renamed(finalized_event(stored, url), "deleted")),
    **{
        f"{kind}, {envelope.__name__}, {payload}": lambda stored, url, envelope=envelope, kind=kind, payload=payload: (  # type: ignore[misc]
            envelope(message(stored, url, payload, kind))
        )
        for kind in ("OBJECT_DELETE", "OBJECT_ARCHIVE", "OBJECT_METADATA_UPDATE")
        for envelope in (pushed, forwarded)
        for payload in ("JSON_API_V1", "NONE")
    },
    **{
        f"{kind}, first generation": lambda stored, url, kind=kind: background(stored, url, kind)  # type: ignore[misc]
        for kind in ("delete", "archive", "metadataUpdate")
    },
}


@pytest.mark.parametrize("other", OTHER_EVENTS)
def test_other_event(
    storage: CloudStorage, function: FlaskClient, caplog: pytest.LogCaptureFixture, other: str
) -> None:
    """What else happens to objects is done, without a look at the object, in every envelope."""
    event = OTHER_EVENTS[other](storage.put("photos", "a.png", THREE, "image/png"), storage.url)
    assert deliver(function, event) == 200
    assert storage.requests == []
    assert errors(caplog) == []


# What is not understood

GOOD_DATA = {"bucket": "photos", "name": "a.png", "generation": "1", "size": "1"}
NO_OBJECT = "The event's data is not a JSON object that describes an uploaded file."
NO_NUMBER = "The event's data holds no usable generation and size: "
NO_NAME = "The event's data names no bucket and object."
BAD_DATA: list[tuple[bytes | str, str]] = [
    (b"", NO_OBJECT),
    (b"{", NO_OBJECT),
    (b"\xff\xfe", NO_OBJECT),
    (b"[]", NO_OBJECT),
    (b"[" * 100_000, NO_OBJECT),
    (b'"gs://photos/a.png"', NO_OBJECT),
    (b"{}", "The event's data lacks 'bucket'."),
    *(
        (json.dumps({key: value for key, value in GOOD_DATA.items() if key != missing}), f"lacks '{missing}'.")
        for missing in GOOD_DATA
    ),
    *(
        (json.dumps(GOOD_DATA | {key: value}), NO_NUMBER)
        for key in ("generation", "size")
        for value in ("first", "-1", "1.5", 1.5, float("inf"), None, [], "9" * 20, "9" * 5000, "٣")
    ),
    *((json.dumps(GOOD_DATA | {"name": name}), NO_NAME) for name in ("", 1, None, "a" * 1025, "\ud800")),
    *((json.dumps(GOOD_DATA | {"bucket": bucket}), NO_NAME) for bucket in ("", 1, {}, "\udfff")),
]


def refused(function: FlaskClient, event: Event) -> str:
    """The sentence with which an event is refused, which asks for it to be delivered again or given up."""
    answer = function.post("/", data=event.body, headers=dict(event.headers))
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    return answer.text


@pytest.mark.parametrize(("body", "sentence"), BAD_DATA)
def test_bad_data(
    storage: CloudStorage, function: FlaskClient, caplog: pytest.LogCaptureFixture, body: bytes | str, sentence: str
) -> None:
    """Data that do not describe an object are refused with a sentence, which the log has as an error."""
    body = body.encode() if isinstance(body, str) else body
    said = refused(function, replace(uploaded(storage), body=body))
    assert sentence in said
    assert [said in line for line in errors(caplog)] == [True]
    assert storage.requests == []


def changed(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Changes a message's attributes, leaving out those that become None."""

    def change(published: dict[str, Any]) -> dict[str, Any]:
        attributes = published["attributes"] | changes
        return published | {"attributes": {key: value for key, value in attributes.items() if value is not None}}

    return change


NO_NOTIFICATION = "The message is not a notification about an object: it has no attribute eventType."
BAD_MESSAGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "other event": (changed(eventType="OBJECT_RESTORE"), "'OBJECT_RESTORE' are not about objects in Cloud Storage."),
    "no event": (changed(eventType=None), NO_NOTIFICATION),
    "event of no type": (changed(eventType=1), NO_NOTIFICATION),
    "no attributes": (lambda published: published | {"attributes": None}, NO_NOTIFICATION),
    "scheduler": (lambda _: {"data": "Z28=", "messageId": "1", "publishTime": "2026-11-24T08:00:00Z"}, NO_NOTIFICATION),
    "list": (lambda _: [], NO_NOTIFICATION),
    "not base64": (lambda published: published | {"data": "%"}, NO_OBJECT),
    "not JSON": (lambda published: published | {"data": "Z28="}, NO_OBJECT),
    "number": (lambda published: published | {"data": 7}, NO_OBJECT),
    "other JSON": (lambda published: published | {"data": "e30="}, "The event's data lacks 'bucket'."),
}
BAD_ATTRIBUTES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no bucket": (changed(bucketId=None), NO_NAME),
    "no object": (changed(objectId=None), NO_NAME),
    "no generation": (changed(objectGeneration=None), NO_NUMBER),
}


@pytest.mark.parametrize("envelope", [pushed, forwarded])
@pytest.mark.parametrize("case", [*BAD_MESSAGES, *BAD_ATTRIBUTES])
def test_bad_message(
    storage: CloudStorage,
    function: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    case: str,
    envelope: Callable[[dict[str, Any]], Event],
) -> None:
    """A message that is not a notification about an object is refused with a sentence, which the log has too."""
    change, sentence = {**BAD_MESSAGES, **BAD_ATTRIBUTES}[case]
    published = message(
        storage.put("photos", "a.png", THREE), storage.url, "NONE" if case in BAD_ATTRIBUTES else "JSON_API_V1"
    )
    event = envelope(published)
    body = json.loads(event.body) | {"message": change(published)}
    said = refused(function, replace(event, body=json.dumps(body).encode()))
    assert sentence in said
    assert [said in line for line in errors(caplog)] == [True]
    assert storage.requests == []


def cloud_event(**changes: str | None) -> Event:
    """A finalized event with some of its headers changed, or left out."""
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "t"}
    headers |= {f"ce-{name}": value for name, value in changes.items()}  # type: ignore[dict-item]
    headers = {name: value for name, value in headers.items() if value is not None}
    return Event("", {"Content-Type": "application/json", **headers}, json.dumps(GOOD_DATA).encode())


def bare(body: object) -> Event:
    """A request with a body and no attributes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Event("", {"Content-Type": "application/json"}, data)


UNKNOWN: dict[str, tuple[Event, str]] = {
    "type": (cloud_event(type="trial"), "Events of the type 'trial' are not about objects in Cloud Storage."),
    "long type": (cloud_event(type="t" * 5000), f"Events of the type {'t' * 100!r} are not"),
    "audit log": (cloud_event(type="google.cloud.audit.log.v1.written"), "are not about objects in Cloud Storage."),
    **{
        f"no {name}": (cloud_event(**{name: None}), f"The event has no attribute {name}.")
        for name in ("specversion", "id", "source", "type")
    },
    "structured, no id": (bare({"specversion": "1.0", "type": "t", "source": "s"}), "The event has no attribute id."),
    "empty": (bare(b""), "its body is not a JSON object."),
    "list": (bare([]), "its body is not a JSON object."),
    "deep list": (bare(b"[" * 100_000), "its body is not a JSON object."),
    "resource": (bare(GOOD_DATA | {"kind": "storage#object"}), "Subscriptions must push messages in their wrapper."),
    "other first generation": (bare({"context": {"eventType": "x"}, "data": {}}), "'x' are not about objects"),
    "odd context": (bare({"context": [], "data": {}}), "it has no type."),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_unknown_event(
    storage: CloudStorage, function: FlaskClient, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    """What is no event, or one of a type that is not known, is refused with a sentence, which the log has too."""
    event, sentence = UNKNOWN[case]
    said = refused(function, event)
    assert sentence in said
    assert [said in line for line in errors(caplog)] == [True]


def test_structured_event_without_data(function: FlaskClient, storage: CloudStorage) -> None:
    """An event that says nothing of its object is refused in structured mode, too."""
    body = json.loads(structured(uploaded(storage)).body)
    del body["data"]
    event = Event("", {"Content-Type": "application/cloudevents+json"}, json.dumps(body).encode())
    assert refused(function, event) == NO_OBJECT


def test_other_method(function: FlaskClient) -> None:
    """Events are posted; nothing else is answered."""
    assert [function.get("/").status_code, function.put("/").status_code] == [405, 405]


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
)
FIELDS = GOOD_DATA | {"metadata": {}, "timeCreated": "2026-11-24T08:00:00.000Z", "contentType": "image/png"}
ATTRIBUTES = {"eventType": "OBJECT_FINALIZE", "bucketId": "photos", "objectId": "a.png", "objectGeneration": "1"}


def odd(fields: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Objects with these fields, each as it should be or odd; or anything."""
    return json_values | st.fixed_dictionaries({key: st.just(value) | json_values for key, value in fields.items()})


def packed(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


messages = odd(
    {"attributes": ATTRIBUTES, "messageId": "1", "publishTime": "2026-11-24T08:00:00Z"}
) | st.fixed_dictionaries({"attributes": odd(ATTRIBUTES), "data": odd(FIELDS).map(packed) | json_values})
documents = json_values | st.fixed_dictionaries({"message": messages}) | odd(FIELDS)
documents |= st.fixed_dictionaries(
    {"context": odd({"eventType": "google.storage.object.finalize"}), "data": odd(FIELDS)}
)
types = st.sampled_from(
    ["google.cloud.storage.object.v1.finalized", "google.cloud.pubsub.topic.v1.messagePublished", "t"]
)


@given(documents, types | st.none())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=200)
def test_any_event(body: object, kind: str | None) -> None:
    """Whatever is delivered describes an upload, tells of something else, or is refused."""
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": kind} if kind else {}
    try:
        upload = read(Headers(headers), json.dumps(body).encode())
    except BadEvent:
        return
    if upload:
        assert upload.bucket.encode()
        assert upload.name.encode()
        assert 0 <= upload.generation < 2**63
        assert upload.size >= 0
        assert upload.age() >= 0
