"""Which uploads are classified."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
import zlib
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from PIL import Image

from emulator import CloudStorage
from emulator.events import Event, finalized_event
from results.selection import reason_against
from settings import UploadSettings
from storage.result_version import SOURCE_GENERATION
from tests.service.upload.conftest import Start
from tests.service.upload.pictures import TEXT, THREE, calls, deliver, document, stored, top_label, uploaded

SETTINGS = UploadSettings.from_environ(
    {"RESULTS": "gs://photos/labels", "FAILED": "gs://photos/look", "INCLUDE": "in/**,*.png", "EXCLUDE": "in/tmp/**"}
)


DETAILS = "tmp/parallel_composite_uploads/see_gcloud_storage_cp_help_for_details"
PARTS = [
    f"gcloud/{DETAILS}/JnWv_1b6453892473a467d07372d45eb05abc2031647a_0",
    f"in/2026/gcloud/{DETAILS}/JnWv_1b6453892473a467d07372d45eb05abc2031647a_31",
    "7d0e3c/gsutil/tmp/parallel_composite_uploads/for_details_see/gsutil_help_cp/900150983cd24fb0d6963f7d28e17f72_3",
    "gcs-go-sdk-pu-tmp/a.png-1",
    "gcs-go-sdk-pcu-tmp/a.png-1",
    "0hBi1Fpls2hRQaYqfVkVYA;VuC2tyHTgJjXo8lVnPUHeg;0000.part",
    "in/0hBi1Fpls2hRQaYqfVkVYA;VuC2tyHTgJjXo8lVnPUHeg;0012.part",
]
NO_PARTS = [
    "in/tmp-parallel_composite_uploads/a.png",
    "in/gcloud/tmp/a.png",
    "in/gcs-go-sdk-pu-tmp/a.png",
    "in/a;b.part",
    "in/a;b;1.part.png",
]


@pytest.mark.parametrize(
    ("name", "metadata", "reason"),
    [
        ("in/a.jpg", {}, None),
        ("in/2026/a", {"label": "3", "score": "1.0", "classified-by": "digits 1"}, None),
        ("a.png", {}, None),
        ("in/2026/", {}, "its name ends in /, it stands for a folder"),
        ("labels/photos/a.png", {}, "it lies below RESULTS"),
        ("look/photos/a.png", {}, "it lies below FAILED"),
        ("in/a.json", {SOURCE_GENERATION: "1"}, "it was written by this function: its metadata has source-generation"),
        ("out/a.png", {}, "INCLUDE does not match its name"),
        ("in/tmp/a.png", {}, "EXCLUDE matches its name"),
        *((name, {}, "it is a temporary part of a parallel upload") for name in PARTS),
        *((name, {}, None) for name in NO_PARTS),
    ],
)
def test_reason(name: str, metadata: dict[str, str], reason: str | None) -> None:
    """Each object that is left alone has its reason; one that was only annotated is a picture still."""
    assert reason_against("photos", name, metadata, SETTINGS) == reason


@pytest.mark.parametrize("name", ["in/", "tmp/a.png", PARTS[0]])
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
        (gzip.compress(THREE)[:-9], "", 400, "The file begins as gzip does, but its bytes are not whole gzip."),
        (gzip.compress(THREE) + b"more", "", 400, "The file begins as gzip does, but its bytes are not whole gzip."),
        (
            gzip.compress(THREE)[:-8] + bytes(8),
            "",
            400,
            "The file begins as gzip does, but its bytes are not whole gzip.",
        ),
        (b"\x1f\x8b", "", 400, "The file begins as gzip does, but its bytes are not whole gzip."),
        (gzip.compress(b"") * 1001, "gzip", 400, "The file is gzip in more than 1,000 parts."),
        *(
            (zlib.compress(THREE), encoding, 415, f"The object's content encoding is {name}; only gzip is unpacked.")
            for encoding, name in [
                ("deflate", "deflate"),
                ("BR", "BR"),
                ("gzip, zstd", "zstd"),
                ("compress", "compress"),
            ]
        ),
        (TEXT, "made-up", 415, "This is text, not an image in one of the formats JPEG, PNG, GIF, BMP, WEBP."),
    ],
)
def test_not_unpacked(
    storage: CloudStorage, function: FlaskClient, data: bytes, encoding: str, code: int, message: str
) -> None:
    """What is not packed as it says gets a record."""
    assert deliver(function, packed(storage, data, encoding)) == 200
    assert document(storage)["error"] == {"code": code, "message": message}


ENCODINGS = [
    "gzip",
    "GZIP",
    "x-gzip",
    "X-Gzip",
    "gzip, identity",
    "aws-chunked,gzip",
    "aws-chunked, gzip",
    "made-up",
    "",
]


def test_gzip_by_its_bytes(storage: CloudStorage, function: FlaskClient) -> None:
    """Gzip is unpacked however it is spelt, also where nothing is said of it."""
    for encoding in ENCODINGS:
        assert deliver(function, packed(storage, gzip.compress(THREE), encoding)) == 200
        assert document(storage)["predictions"][0]["label"] == "3", encoding


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_picture_by_its_bytes(storage: CloudStorage, function: FlaskClient, kind: str) -> None:
    """A picture is labelled as it is, in every format, whatever encoding its metadata made up."""
    file = io.BytesIO()
    Image.open(io.BytesIO(THREE)).convert("RGB").save(file, kind)
    for encoding in (*ENCODINGS, "aws-chunked", "deflate", "br", "zstd", "utf-8", "image/png", "ü"):
        assert deliver(function, packed(storage, file.getvalue(), encoding)) == 200
        assert "predictions" in document(storage), encoding


@pytest.mark.parametrize(("layers", "label"), [(2, "3"), (3, "3"), (4, None)])
def test_gzip_in_gzip(storage: CloudStorage, function: FlaskClient, layers: int, label: str | None) -> None:
    """What was packed more than once is unpacked, up to three times."""
    data = THREE
    for _ in range(layers):
        data = gzip.compress(data)
    assert deliver(function, packed(storage, data, "gzip, gzip")) == 200
    found = document(storage)
    assert (found["predictions"][0]["label"] if "predictions" in found else None) == label


def test_parts_of_gzip(storage: CloudStorage, function: FlaskClient) -> None:
    """Gzip in as many parts as tools make, with a tape's zeros behind them, is unpacked."""
    parts = [gzip.compress(THREE[start : start + 4]) for start in range(0, len(THREE), 4)]
    assert len(parts) > 400
    assert deliver(function, packed(storage, b"".join(parts) + bytes(512), "gzip")) == 200
    assert top_label(stored(storage)) == "3"


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("encoding", ["gzip", ""])
def test_gzip_bomb(storage: CloudStorage, start: Start, encoding: str, layers: int) -> None:
    """No more is unpacked than MAX_BYTES allow."""
    bomb = b"\0" * 20_000_000
    for _ in range(layers):
        bomb = gzip.compress(bomb)
    tracemalloc.start()
    assert deliver(start(MAX_BYTES="100000"), packed(storage, bomb, encoding)) == 200
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert document(storage)["error"]["code"] == 413
    assert most < 5_000_000


def test_size_that_an_event_understates(storage: CloudStorage, start: Start) -> None:
    """A download ends where MAX_BYTES end, whatever the event said of the size."""
    event = uploaded(storage, b"\0" * 100_000)
    event = replace(event, body=json.dumps(json.loads(event.body) | {"size": "10"}).encode())
    assert deliver(start(MAX_BYTES="50000"), event) == 200
    assert document(storage)["error"]["code"] == 413
    assert calls(storage, "read_media") == 1
