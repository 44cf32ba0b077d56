"""Which uploads are classified."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from service.results import MARK
from service.selection import reason_against
from service.settings import UploadSettings
from tests.cloud_storage import CloudStorage
from tests.cloud_storage.events import Event, finalized_event
from tests.service.upload.conftest import Start
from tests.service.upload.pictures import TEXT, THREE, calls, deliver, document, stored, top_label, uploaded

SETTINGS = UploadSettings.from_environ(
    {"RESULTS": "gs://photos/labels", "FAILED": "gs://photos/look", "INCLUDE": "in/**,*.png", "EXCLUDE": "in/tmp/**"}
)


@pytest.mark.parametrize(
    ("name", "metadata", "reason"),
    [
        ("in/a.jpg", {}, None),
        ("in/2026/a", {"label": "3", "score": "1.0", "classified-by": "digits 1"}, None),
        ("a.png", {}, None),
        ("in/2026/", {}, "its name ends in /, it stands for a folder"),
        ("labels/photos/a.png", {}, "it lies below RESULTS"),
        ("look/photos/a.png", {}, "it lies below FAILED"),
        ("in/a.json", {MARK: "1"}, "it was written by this function: its metadata has source-generation"),
        ("out/a.png", {}, "INCLUDE does not match its name"),
        ("in/tmp/a.png", {}, "EXCLUDE matches its name"),
    ],
)
def test_reason(name: str, metadata: dict[str, str], reason: str | None) -> None:
    """Each object that is left alone has its reason; one that was only annotated is a picture still."""
    assert reason_against("photos", name, metadata, SETTINGS) == reason


@pytest.mark.parametrize("name", ["in/", "tmp/a.png"])
def test_left_alone(storage: CloudStorage, start: Start, caplog: pytest.LogCaptureFixture, name: str) -> None:
    """What is not selected is done without a call, and the log says why."""
    assert deliver(start(EXCLUDE="tmp/**"), uploaded(storage, name=name)) == 200
    assert storage.requests == []
    assert [record.outcome for record in caplog.records if hasattr(record, "outcome")] == ["ignored"]


def test_copy_of_a_result(storage: CloudStorage, function: FlaskClient) -> None:
    """A result that somebody moves to where pictures lie is not taken for one."""
    deliver(function, uploaded(storage))
    result = stored(storage)
    copy = storage.put("photos", "moved.json", result.data, "application/json", result.metadata)
    assert deliver(function, finalized_event(copy, storage.url)) == 200
    assert len(storage.names("results")) == 1


def with_type(event: Event, content_type: str | None) -> Event:
    """The same event about an object of another content type."""
    data = json.loads(event.body)
    del data["contentType"]
    return replace(event, body=json.dumps(data | ({"contentType": content_type} if content_type else {})).encode())


@pytest.mark.parametrize("content_type", [None, "application/octet-stream", "text/plain", "image/jpeg"])
def test_any_content_type(storage: CloudStorage, function: FlaskClient, content_type: str | None) -> None:
    """A picture is one by its bytes, whatever its content type says or does not say."""
    assert deliver(function, with_type(uploaded(storage), content_type)) == 200
    assert top_label(stored(storage)) == "3"


def packed(storage: CloudStorage, data: bytes, encoding: str) -> Event:
    """Upload bytes that have a content encoding, as `gsutil cp -Z` does."""
    return finalized_event(storage.put("photos", "a.png", data, "image/png", encoding=encoding), storage.url)


def test_gzip(storage: CloudStorage, function: FlaskClient) -> None:
    """A picture that is stored packed with gzip, in one part or two, is unpacked."""
    for data in (gzip.compress(THREE), gzip.compress(THREE[:500]) + gzip.compress(THREE[500:])):
        assert deliver(function, packed(storage, data, "gzip")) == 200
        assert top_label(stored(storage)) == "3"


@pytest.mark.parametrize(
    ("data", "encoding", "code", "message"),
    [
        (THREE, "gzip", 400, "The object's content encoding is gzip, but its bytes are not whole gzip."),
        (b"", "gzip", 400, "The file is empty."),
        (
            gzip.compress(THREE, mtime=0)[:-9],
            "gzip",
            400,
            "The object's content encoding is gzip, but its bytes are not whole gzip.",
        ),
        (
            gzip.compress(TEXT, mtime=0),
            "gzip",
            415,
            "This is text, not an image in one of the formats JPEG, PNG, GIF, BMP, WEBP.",
        ),
        (
            gzip.compress(THREE, mtime=0),
            "",
            415,
            "This is a compressed file (gzip or the like); unpack it, and send the images in it.",
        ),
        (zlib.compress(THREE), "deflate", 415, "The object's content encoding is deflate; only gzip is unpacked."),
    ],
)
def test_not_unpacked(
    storage: CloudStorage, function: FlaskClient, data: bytes, encoding: str, code: int, message: str
) -> None:
    """What is not packed as it says gets a record."""
    assert deliver(function, packed(storage, data, encoding)) == 200
    assert document(storage)["error"] == {"code": code, "message": message}


def test_gzip_bomb(storage: CloudStorage, start: Start) -> None:
    """No more is unpacked than MAX_BYTES allow."""
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert deliver(start(MAX_BYTES="100000"), packed(storage, bomb, "gzip")) == 200
    assert document(storage)["error"]["code"] == 413


def test_size_that_an_event_understates(storage: CloudStorage, start: Start) -> None:
    """A download ends where MAX_BYTES end, whatever the event said of the size."""
    event = uploaded(storage, b"\0" * 100_000)
    event = replace(event, body=json.dumps(json.loads(event.body) | {"size": "10"}).encode())
    assert deliver(start(MAX_BYTES="50000"), event) == 200
    assert document(storage)["error"]["code"] == 413
    assert calls(storage, "read_media") == 1
