"""Pictures in Cloud Storage that a request names, and BigQuery's calls, which do nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient

from emulator import CloudStorage, Status
from predictor import Classifier
from service.http.context import RequestContext, Resources
from settings import HttpSettings
from storage.client import Storage
from tests.service.http.requests import TEXT, THREE, error_in, new_client


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudStorage]:
    """Cloud Storage with a bucket that is read and one that is not."""
    with CloudStorage(["photos", "secret"]) as storage:
        storage.put("photos", "3.png", THREE)
        storage.put("photos", "list.txt", TEXT)
        storage.put("secret", "3.png", THREE)
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
        yield storage


@pytest.fixture
def reader(storage: CloudStorage, digits_model: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A function that may read pictures up to the size of the 3."""
    monkeypatch.setenv("MODEL", str(digits_model))
    monkeypatch.setenv("READ_BUCKETS", "other, photos")
    return new_client()


def call(client: FlaskClient, *uris: object, **others: object) -> Any:
    """BigQuery's request for some rows."""
    return client.post("/", json={"requestId": "1", "caller": "//bigquery", "calls": [[uri] for uri in uris], **others})


def test_gcs_uri(reader: FlaskClient, classifier: Classifier) -> None:
    """A picture that is named by its address is answered like one that is sent."""
    answer = reader.post("/?top_k=2", json={"gcs_uri": "gs://photos/3.png"}).get_json()
    assert answer["predictions"] == [asdict(one) for one in classifier.classify(THREE, 2)]
    assert answer["model"]["name"] == "digits"


@pytest.mark.parametrize("instance", [{"content": "gs://photos/3.png"}, {"gcs_uri": "gs://photos/3.png"}])
def test_instances(reader: FlaskClient, instance: dict[str, str]) -> None:
    """Instances may name their picture."""
    (prediction,) = reader.post("/", json={"instances": [instance]}).get_json()["predictions"]
    scores = prediction.get("scores") or prediction["confidences"]
    labels = prediction.get("labels") or prediction["displayNames"]
    assert labels[scores.index(max(scores))] == "3"


@pytest.mark.parametrize(
    ("uri", "status", "sentence"),
    [
        ("gs://secret/3.png", 403, "gcs_uri: the bucket of gs://secret/3.png is not one that READ_BUCKETS names."),
        ("gs://photos/4.png", 404, "gcs_uri: there is no object gs://photos/4.png."),
        ("gs://photos", 400, "gcs_uri names a bucket, but no object."),
        ("https://example.com/3.png", 400, "gcs_uri is not of the form gs://bucket/name."),
        ("file:///etc/passwd", 400, "gcs_uri is not of the form gs://bucket/name."),
        (7, 400, "gcs_uri is not of the form gs://bucket/name."),
    ],
)
def test_other_addresses(reader: FlaskClient, storage: CloudStorage, uri: object, status: int, sentence: str) -> None:
    """Other buckets are not asked, and other kinds of address are none."""
    assert error_in(reader.post("/", json={"gcs_uri": uri})) == (status, sentence)
    assert not [request for request in storage.requests if "secret" in str(request)]


LONG = "x" * 3000


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("gs://", "gs:// names no bucket that can exist."),
        ("gs:///3.png", "gs:///3.png names no bucket that can exist."),
        ("gs://ph/3.png", "gs://ph/3.png names no bucket that can exist."),
        ("gs://Photos/3.png", "gs://Photos/3.png names no bucket that can exist."),
        ("gs://-photos/3.png", "gs://-photos/3.png names no bucket that can exist."),
        ("gs://photos-/3.png", "gs://photos-/3.png names no bucket that can exist."),
        ("gs://photos..a/3.png", "gs://photos..a/3.png names no bucket that can exist."),
        ("gs://192.168.5.4/3.png", "gs://192.168.5.4/3.png names no bucket that can exist."),
        ("gs://pho tos/3.png", "gs://pho tos/3.png names no bucket that can exist."),
        ("gs://phötos/3.png", "gs://phötos/3.png names no bucket that can exist."),
        ("gs://photos?x/3.png", "gs://photos?x/3.png names no bucket that can exist."),
        ("gs://pho\ntos/3.png", "gs://pho\ntos/3.png names no bucket that can exist."),
        ("gs://\ud800hotos/3.png", "gs://\ud800hotos/3.png names no bucket that can exist."),
        (f"gs://{'x' * 64}/3.png", f"gs://{'x' * 64}/3.png names no bucket that can exist."),
        (f"gs://{LONG}/3.png", f"gs://{LONG[:195]}… names no bucket that can exist."),
        ("gs://photos/", "{} names a bucket, but no object."),
        (
            "gs://photos/a\nb",
            "gs://photos/a\nb names no object that can exist: its name has a control character in it.",
        ),
        ("gs://photos/\0", "gs://photos/\0 names no object that can exist: its name has a control character in it."),
        ("gs://photos/\ud800", "gs://photos/\ud800 names no object that can exist: its name is not Unicode."),
        ("gs://photos/..", "gs://photos/.. names no object that can exist: its name is kept from objects."),
        (
            f"gs://photos/{LONG}",
            f"gs://photos/{LONG[:188]}… names no object that can exist: its name has more than 1,024 bytes.",
        ),
        (
            f"gs://photos/{'ü' * 513}",
            f"gs://photos/{'ü' * 188}… names no object that can exist: its name has more than 1,024 bytes.",
        ),
    ],
    ids=ascii,
)
def test_impossible_addresses(reader: FlaskClient, storage: CloudStorage, address: str, sentence: str) -> None:
    """An address that nothing can have is the client's mistake, in every protocol; Cloud Storage is not asked."""
    said = sentence if "{}" in sentence else f"{{}}: {sentence}"
    assert error_in(reader.post("/", json={"gcs_uri": address})) == (400, said.replace("{}", "gcs_uri"))
    for instance in ({"content": address}, {"gcs_uri": address}):
        answer = reader.post("/", json={"instances": [instance]})
        assert error_in(answer) == (400, said.replace("{}", "instances[0]"))
    (reply,) = call(reader, address).get_json()["replies"]
    assert reply["error"]["message"] == said.replace("{}", "calls[0]")
    assert storage.requests == []


@pytest.mark.parametrize("name", ["a" * 1024, "ü" * 512, "a b?c#d%20", "in//3.png", "3.png/", "\u200b", "…", "a\x85b"])
def test_possible_addresses(reader: FlaskClient, storage: CloudStorage, name: str) -> None:
    """Any name that an object can have is looked for as it is, and found where there is such an object."""
    assert error_in(reader.post("/", json={"gcs_uri": f"gs://photos/{name}"}))[0] == 404
    storage.put("photos", name, THREE)
    assert reader.post("/", json={"gcs_uri": f"gs://photos/{name}"}).status_code == 200


def test_bucket_with_dots(reader: FlaskClient) -> None:
    """A bucket may have a domain's name."""
    assert error_in(reader.post("/", json={"gcs_uri": "gs://photos.example.com/3.png"}))[0] == 403


def test_no_buckets(client: FlaskClient) -> None:
    """Without READ_BUCKETS no bucket is read."""
    assert error_in(client.post("/", json={"gcs_uri": "gs://photos/3.png"}))[0] == 403


def test_large_object(storage: CloudStorage, digits_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object of more than MAX_BYTES is a 413, and is not read."""
    monkeypatch.setenv("MODEL", str(digits_model))
    monkeypatch.setenv("READ_BUCKETS", "photos")
    monkeypatch.setenv("MAX_BYTES", "1000")
    assert error_in(new_client().post("/", json={"gcs_uri": "gs://photos/3.png"}))[0] == 413
    assert "read_media" not in [request.operation for request in storage.requests]


def test_bigquery(reader: FlaskClient, classifier: Classifier) -> None:
    """Every call has a reply in its place: predictions, or what is wrong with the picture."""
    uris = ("gs://photos/3.png", "gs://photos/list.txt", "gs://photos/4.png", "gs://secret/3.png", 7)
    answer = call(reader, *uris, userDefinedContext={"top_k": "2"})
    replies = answer.get_json()["replies"]
    assert replies[0] == {"predictions": [asdict(one) for one in classifier.classify(THREE, 2)]}
    assert [reply["error"]["code"] for reply in replies[1:]] == [415, 404, 403, 400]


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"calls": 1}, 400, "calls is not a list."),
        ({"calls": [], "userDefinedContext": []}, 200, None),
        ({"calls": [], "userDefinedContext": [1]}, 400, "userDefinedContext is not an object of strings."),
        ({"calls": [], "userDefinedContext": {"top_k": 3}}, 400, "userDefinedContext is not an object of strings."),
        ({"calls": [], "userDefinedContext": {"top_k": "0"}}, 400, "top_k is '0', not a whole number above zero."),
        ({"calls": [[1]] * 101}, 413, "The request holds 101 pictures; at most 100 are accepted."),
    ],
)
def test_bigquery_errors(client: FlaskClient, body: dict[str, object], status: int, sentence: str | None) -> None:
    """What is wrong with the whole request is said in BigQuery's shape."""
    answer = client.post("/", json=body)
    expected = {"replies": []} if sentence is None else {"errorMessage": sentence}
    assert (answer.status_code, answer.get_json()) == (status, expected)


def test_bad_rows(reader: FlaskClient) -> None:
    """Rows that cannot be answered have each their error, and the others their labels: the query goes on."""
    uris = ["gs://photos/3.png", "gs://photos/a\n", "gs://B/3.png", None, "gs://other/3.png", "gs://photos/3.png"]
    replies = call(reader, *uris).get_json()["replies"]
    assert [reply.get("error", {}).get("code") for reply in replies] == [None, 400, 400, 400, 404, None]


def test_forbidden_row(reader: FlaskClient, storage: CloudStorage, caplog: pytest.LogCaptureFixture) -> None:
    """What Cloud Storage refuses for good is not tried again: that row has an error, and the log has the cause."""
    storage.faults.add(Status(403), "read_metadata")
    replies = call(reader, "gs://photos/3.png", "gs://photos/3.png").get_json()["replies"]
    assert replies[0]["error"]["code"] == 403
    assert replies[0]["error"]["message"] == (
        "calls[0]: gs://photos/3.png may not be read by this function; the log says why."
    )
    assert replies[1]["predictions"][0]["label"] == "3"
    assert "MissingRole" in caplog.text


def test_time_of_all_rows(
    storage: CloudStorage, digits_model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """TIMEOUT_SECONDS is for all pictures of a request together."""
    monkeypatch.setenv("MODEL", str(digits_model))
    monkeypatch.setenv("READ_BUCKETS", "photos")
    monkeypatch.setenv("TIMEOUT_SECONDS", "1.5")
    client = new_client()
    client.get("/health")
    storage.faults.add(Status(503), "read_metadata", times=None)
    started = time.monotonic()
    assert call(client, *["gs://photos/3.png"] * 50).status_code == 503
    assert time.monotonic() - started < 10


def test_storage_that_fails(
    reader: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of the storage is a 503 in the protocol's shape, for BigQuery to try again; the log has the cause."""
    from storage.client import Storage

    def fail(*_: object) -> None:
        raise ConnectionError("reset by peer")

    monkeypatch.setattr(Storage, "newest", fail)
    answer = call(reader, "gs://photos/3.png")
    assert answer.status_code == 503
    assert answer.get_json() == {"errorMessage": "calls[0]: gs://photos/3.png could not be read now."}
    assert answer.headers["Retry-After"] == "5"
    assert "reset by peer" in caplog.text


def test_time_for_storage(classifier: Classifier) -> None:
    """Storage may take four fifths of a request's time, so that there is time to say that it took too long."""
    settings = HttpSettings(timeout=100)
    resources = Resources(lambda: settings, lambda: classifier, Storage)
    context = RequestContext(flask.Request({"REQUEST_METHOD": "POST"}), resources)
    assert 70 < context.deadline.remaining() <= 80
