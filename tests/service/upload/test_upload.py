"""The `classify_upload` function: events in, labels in Cloud Storage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from google.cloud import storage as gcs

from emulator import Callback, CloudStorage, CorruptBytes, CutStream, Sink, Status, StoredObject
from emulator.events import finalized_event
from emulator.processes import running_function
from predictor import Classifier, UnclassifiableImage
from settings import BadSetting
from storage.result_version import SOURCE_GENERATION
from tests.service.upload.conftest import Start
from tests.service.upload.pictures import (
    RESULT,
    SAMPLES,
    SEVEN,
    TEXT,
    THREE,
    calls,
    deliver,
    document,
    generation_of,
    half_a_jpeg,
    stored,
    top_label,
    uploaded,
)


def put_result(storage: CloudStorage, generation: int) -> StoredObject:
    """Store a result as another instance of the function would."""
    metadata = {SOURCE_GENERATION: str(generation), "outcome": "final"}
    return storage.put("results", RESULT, b"{}", "application/json", metadata)


# A picture


def test_result(storage: CloudStorage, function: FlaskClient, classifier: Classifier) -> None:
    """An uploaded picture gets a result with its labels, what it describes, by which model and when."""
    before = datetime.now(timezone.utc) - timedelta(milliseconds=1)
    event = uploaded(storage)
    assert deliver(function, event) == 200
    picture, result = storage.get("photos", "a.png"), stored(storage)
    assert picture is not None
    found = document(storage)
    assert before <= datetime.fromisoformat(found.pop("classified_at")) <= datetime.now(timezone.utc)
    assert found == {
        "predictions": [asdict(prediction) for prediction in classifier.classify(THREE)],
        "source": {
            "bucket": "photos",
            "name": "a.png",
            "generation": str(picture.generation),
            "content_type": "image/png",
            "size": len(THREE),
        },
        "model": {"name": "digits", "version": classifier.info.version},
    }
    assert top_label(result) == "3"
    assert result.content_type == "application/json"
    assert result.metadata == {
        "source-generation": str(picture.generation),
        "outcome": "final",
        "model-version": classifier.info.version,
        "result": "labelled",
        "label": "3",
        "score": str(json.loads(result.data)["predictions"][0]["score"]),
    }
    assert storage.names("results") == [RESULT]


@pytest.mark.parametrize("name", ["a b.png", "in//a", "#1?x=%41&y.png", "héllo-日本.png", "a.json", "in/..png"])
def test_odd_name(storage: CloudStorage, function: FlaskClient, name: str) -> None:
    """The result lies under the picture's whole name, whatever signs are in it."""
    assert deliver(function, uploaded(storage, name=name)) == 200
    assert storage.names("results") == [f"labels/photos/{name}.json"]


def test_long_name(storage: CloudStorage, function: FlaskClient) -> None:
    """A picture whose result would have too long a name gets it at a place that no other result can have."""
    name = "ü" * 510
    assert deliver(function, uploaded(storage, name=name)) == 200
    digest = hashlib.sha256(name.encode()).hexdigest()
    assert storage.names("results") == [f"labels/_long-names/photos/{digest}.json"]
    assert document(storage, storage.names("results")[0])["source"]["name"] == name


def test_results_without_prefix(storage: CloudStorage, start: Start) -> None:
    """RESULTS may be a whole bucket."""
    assert deliver(start(RESULTS="gs://results"), uploaded(storage)) == 200
    assert storage.names("results") == ["photos/a.png.json"]


# Generations: deleted, replaced, late, twice


def test_generation_that_is_read(storage: CloudStorage, function: FlaskClient) -> None:
    """The bytes that are read are those of the event's generation."""
    event = uploaded(storage)
    deliver(function, event)
    [path] = [call.path for call in storage.requests if call.operation == "read_media"]
    assert f"generation={json.loads(event.body)['generation']}" in path


def test_deleted_picture(storage: CloudStorage, function: FlaskClient) -> None:
    """A picture that is gone is done, without a result."""
    event = uploaded(storage)
    storage.delete("photos", "a.png")
    assert deliver(function, event) == 200
    assert storage.names("results") == []


def test_replaced_picture(storage: CloudStorage, function: FlaskClient) -> None:
    """A picture that was replaced is done, without a result: the newer one has an event of its own."""
    event = uploaded(storage)
    uploaded(storage, SEVEN)
    assert deliver(function, event) == 200
    assert storage.names("results") == []


def test_older_event_after_newer(storage: CloudStorage, function: FlaskClient) -> None:
    """An event that is delivered after a newer one changes nothing."""
    older, newer = uploaded(storage), uploaded(storage, SEVEN)
    deliver(function, newer)
    result = stored(storage)
    assert deliver(function, older) == 200
    assert stored(storage) == result
    assert top_label(result) == "7"


def test_older_record_after_newer_result(storage: CloudStorage, start: Start) -> None:
    """Nor does one that needs no look at the picture, because that was too large."""
    function = start(MAX_BYTES=str(len(SEVEN)))
    older, newer = uploaded(storage, SEVEN + b"\0"), uploaded(storage, SEVEN)
    deliver(function, newer)
    result = stored(storage)
    assert deliver(function, older) == 200
    assert stored(storage) == result


def test_newer_event_after_older(storage: CloudStorage, function: FlaskClient) -> None:
    """A newer picture's result replaces the older one's."""
    deliver(function, uploaded(storage))
    assert deliver(function, uploaded(storage, SEVEN)) == 200
    assert top_label(stored(storage)) == "7"


def test_same_event_twice(storage: CloudStorage, function: FlaskClient) -> None:
    """An event that is delivered twice stores one result, once."""
    event = uploaded(storage)
    assert deliver(function, event) == 200
    result = stored(storage)
    assert deliver(function, event) == 200
    assert stored(storage) == result


def test_race_with_newer(storage: CloudStorage, function: FlaskClient) -> None:
    """A newer result that comes between our look and our write stays."""
    event = uploaded(storage)
    newer = generation_of(event) + 1
    storage.faults.add(Callback(lambda: put_result(storage, newer)), "write")
    assert deliver(function, event) == 200
    assert stored(storage).metadata == {SOURCE_GENERATION: str(newer), "outcome": "final"}


def test_race_with_older(storage: CloudStorage, function: FlaskClient) -> None:
    """An older result that comes between our look and our write is replaced."""
    event = uploaded(storage)
    generation = generation_of(event)
    storage.faults.add(Callback(lambda: put_result(storage, generation - 1)), "write")
    assert deliver(function, event) == 200
    metadata = stored(storage).metadata
    assert (metadata[SOURCE_GENERATION], metadata["outcome"]) == (str(generation), "final")
    assert top_label(stored(storage)) == "3"


def test_endless_race(storage: CloudStorage, function: FlaskClient) -> None:
    """When others never stop writing older results, the event is delivered again."""
    event = uploaded(storage)
    storage.faults.add(Callback(lambda: put_result(storage, 1)), "write", times=None)
    assert deliver(function, event) == 500
    storage.faults.clear()
    assert deliver(function, event) == 200
    assert top_label(stored(storage)) == "3"


# Pictures that cannot be classified


@pytest.mark.parametrize(
    ("data", "status", "sentence"),
    [
        (TEXT, 415, "This is text, not an image in one of the formats JPEG, PNG, GIF, BMP, WEBP."),
        (b"", 400, "The file is empty."),
        (half_a_jpeg(), 400, "The JPEG is cut off before its end."),
    ],
    ids=["text", "empty", "truncated"],
)
def test_bad_picture(storage: CloudStorage, function: FlaskClient, data: bytes, status: int, sentence: str) -> None:
    """A file that can never be classified gets the same result with an error instead of labels, and is done."""
    deliver(function, uploaded(storage, name="good.png"))
    assert deliver(function, uploaded(storage, data)) == 200
    good, bad = (json.loads(stored(storage, name).data) for name in ("labels/photos/good.png.json", RESULT))
    assert bad["error"] == {"code": status, "message": sentence}
    assert set(bad) ^ set(good) == {"error", "predictions"}
    assert bad["source"]["size"] == len(data)


def test_too_large_file(storage: CloudStorage, start: Start) -> None:
    """A file of more than MAX_BYTES gets an error, and is not even downloaded."""
    assert deliver(start(MAX_BYTES="1000"), uploaded(storage, b"\0" * 1001)) == 200
    error = json.loads(stored(storage).data)["error"]
    sentence = "The file has 1,001 bytes; at most 1,000 are accepted."
    assert error == {"code": 413, "message": sentence}
    assert calls(storage, "read_media") == 0


def test_too_many_pixels(storage: CloudStorage, start: Start) -> None:
    """A picture of more than MAX_PIXELS gets an error."""
    assert deliver(start(MAX_PIXELS="10"), uploaded(storage)) == 200
    assert json.loads(stored(storage).data)["error"]["code"] == 413


def test_picture_that_the_network_cannot_take(
    storage: CloudStorage, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture that the network cannot take is certain to fail again: it gets its record at once, and is copied."""

    def refuse(*_: object) -> None:
        raise UnclassifiableImage("The network cannot take a picture of 1 x 1 pixels.")

    monkeypatch.setattr(Classifier, "scores", refuse)
    assert deliver(start(FAILED="gs://failed"), uploaded(storage)) == 200
    assert document(storage)["error"] == {"code": 422, "message": "The network cannot take a picture of 1 x 1 pixels."}
    assert stored(storage).metadata["outcome"] == "final"
    assert storage.names("failed") == ["photos/a.png"]


def test_scores_below_zero(storage: CloudStorage, start: Start, negative_model: Path) -> None:
    """Scores below zero are labels like others, all of them, the best first."""
    assert deliver(start(MODEL=str(negative_model)), uploaded(storage)) == 200
    found = document(storage)["predictions"]
    assert found == [asdict(prediction) for prediction in Classifier.load(negative_model).classify(THREE)]
    assert len(found) == 10
    assert found[0]["score"] <= 0
    assert found[-1]["label"] == "3"


def test_good_after_bad(storage: CloudStorage, function: FlaskClient) -> None:
    """A good picture under the same name replaces the error."""
    deliver(function, uploaded(storage, TEXT))
    assert deliver(function, uploaded(storage)) == 200
    assert top_label(stored(storage)) == "3"


# What is no picture


def test_result_is_no_picture(storage: CloudStorage, function: FlaskClient) -> None:
    """What lies below RESULTS is not classified, and not even read."""
    event = finalized_event(storage.put("results", "labels/a.png", THREE), storage.url)
    assert deliver(function, event) == 200
    assert storage.requests == []


def test_one_bucket_for_both(storage: CloudStorage, start: Start) -> None:
    """With results in the watched bucket, pictures get labels and results get none."""
    function = start(RESULTS="gs://photos/labels", BUCKET="photos")
    deliver(function, uploaded(storage, name="labels.png"))
    result = storage.get("photos", "labels/photos/labels.png.json")
    assert result is not None
    assert deliver(function, finalized_event(result, storage.url)) == 200
    assert storage.names("photos") == ["labels.png", "labels/photos/labels.png.json"]


# Settings and the model


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"MODEL": ""}, "MODEL is not set"),
        ({"RESULTS": ""}, "RESULTS is not set"),
        ({"RESULTS": "gs://photos", "BUCKET": "photos"}, "RESULTS is all of the watched bucket: give it a prefix"),
        ({"FAILED": "gs://photos/", "BUCKET": "photos"}, "FAILED is all of the watched bucket: give it a prefix"),
    ],
)
def test_refuses_to_start(start: Start, settings: dict[str, str], message: str) -> None:
    """With a setting that would lose events or make them loop the function does not even start, and says why."""
    with pytest.raises(BadSetting, match=message):
        start(**settings)


def test_loop_that_only_an_event_shows(storage: CloudStorage, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """Where BUCKET is not set, the first event shows that results would lie among the uploads; nothing is dropped."""
    assert deliver(start(RESULTS="gs://photos"), uploaded(storage)) == 500
    assert "RESULTS is all of the watched bucket" in caplog.text
    assert storage.requests == []


MODEL = "gs://models/v 1/digits.onnx"


@pytest.fixture
def model(storage: CloudStorage, digits_model: Path) -> StoredObject:
    """The example as an object in Cloud Storage."""
    return storage.put("models", "v 1/digits.onnx", digits_model.read_bytes())


def test_model_in_storage(storage: CloudStorage, start: Start, model: StoredObject) -> None:
    """A model in Cloud Storage is downloaded once, for all events."""
    function = start(MODEL=MODEL)
    for name in ("a.png", "b.png"):
        assert deliver(function, uploaded(storage, name=name)) == 200
    reads = [call for call in storage.requests if (call.operation, call.bucket) == ("read_media", "models")]
    assert len(reads) == 1
    assert top_label(stored(storage)) == "3"


@pytest.mark.parametrize(
    "make_fault",
    [
        lambda storage: Status(403),
        lambda storage: Callback(lambda: storage.delete("models", "v 1/digits.onnx")),
    ],
    ids=["forbidden", "deleted"],
)
def test_model_that_does_not_arrive(
    storage: CloudStorage,
    start: Start,
    model: StoredObject,
    make_fault: Callable[[CloudStorage], Status | Callback],
) -> None:
    """A model that did not arrive whole is not used; the next event gets it."""
    storage.faults.add(make_fault(storage), "read_media", bucket="models")
    function, event = start(MODEL=MODEL), uploaded(storage)
    assert deliver(function, event) == 500
    assert storage.names("results") == []
    storage.put("models", model.name, model.data)
    assert deliver(function, event) == 200
    assert top_label(stored(storage)) == "3"


@pytest.mark.parametrize("fault", [CutStream(), CorruptBytes(), Status(503)], ids=["cut", "corrupted", "503"])
def test_model_at_the_second_try(
    storage: CloudStorage, start: Start, model: StoredObject, fault: CutStream | CorruptBytes | Status
) -> None:
    """A model whose download fails once is downloaded again."""
    storage.faults.add(fault, "read_media", bucket="models")
    assert deliver(start(MODEL=MODEL), uploaded(storage)) == 200
    assert top_label(stored(storage)) == "3"


def test_missing_model(storage: CloudStorage, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """While the model's object is missing, events are kept, and the log says which it is."""
    assert deliver(start(MODEL="gs://models/digits.onnx"), uploaded(storage)) == 500
    assert "gs://models/digits.onnx: there is no such object" in caplog.text


# The whole


def test_upload_to_label(storage: CloudStorage, digits_model: Path) -> None:
    """Pictures that a client uploads get labels from a started function, each event coming twice."""
    environment = {"MODEL": str(digits_model), "RESULTS": "gs://results/labels", "STORAGE_EMULATOR_HOST": storage.url}
    client = gcs.Client()
    with running_function("classify_upload", environment) as url:
        sink = storage.deliver("photos", Sink(url, copies=2, parallel=4))
        for path in sorted(SAMPLES.iterdir()):
            client.bucket("photos").blob(f"in/{path.name}").upload_from_filename(str(path))
        deliveries = sink.wait(30)
    assert [delivery.statuses for delivery in deliveries] == [(200,)] * 20
    labels = {name: top_label(stored(storage, name)) for name in storage.names("results")}
    assert labels == {f"labels/photos/in/{digit}.png.json": str(digit) for digit in range(10)}
