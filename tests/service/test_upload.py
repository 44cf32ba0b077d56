"""The `classify_upload` function: events in, labels in Cloud Storage."""

from __future__ import annotations

import gc
import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from functions_framework import create_app
from google.cloud import storage as gcs
from google.cloud.storage.retry import DEFAULT_RETRY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from predictor import Classifier
from service import storage as service_storage
from service.storage import SOURCE_GENERATION
from service.upload import BadEvent, Upload
from tests.cloud_storage import (
    AnswerLost,
    Callback,
    CloudStorage,
    CorruptBytes,
    CutStream,
    Operation,
    Reset,
    Sink,
    Status,
    StoredObject,
)
from tests.cloud_storage.events import Event, finalized_event
from tests.processes import running_function

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "examples" / "digits" / "samples"
THREE, SEVEN = ((SAMPLES / name).read_bytes() for name in ("3.png", "7.png"))
TEXT = b"milk, eggs, flour"
RESULT = "labels/photos/a.png.json"
# The client leaves the sockets of failed downloads to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
QUICK = DEFAULT_RETRY.with_delay(initial=0.01, maximum=0.02).with_timeout(5.0)


def half_a_jpeg() -> bytes:
    """A photograph whose upload broke off."""
    file = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(file, "JPEG")
    return file.getvalue()[: file.tell() // 2]


@pytest.fixture(scope="module", autouse=True)
def _collected() -> Iterator[None]:
    """Collect those sockets before other tests begin, in which they would be errors."""
    yield
    gc.collect()


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudStorage]:
    """Cloud Storage for a function, whose retries are short, and whose clients are closed in the end."""
    make_client = gcs.Client
    with CloudStorage(["photos", "results", "models"]) as storage, ExitStack() as clients:
        monkeypatch.setattr(gcs, "Client", lambda: clients.enter_context(closing(make_client())))
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
        monkeypatch.setattr(service_storage, "_CALL", {"timeout": 10, "retry": QUICK})
        yield storage


@pytest.fixture
def function(storage: CloudStorage, digits_model: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A function that labels uploads with the example, and has not seen an event yet."""
    monkeypatch.setenv("MODEL", str(digits_model))
    monkeypatch.setenv("RESULTS", "gs://results/labels")
    function: FlaskClient = create_app("classify_upload", str(ROOT / "main.py"), "cloudevent").test_client()
    return function


@pytest.fixture(scope="module")
def classifier(digits_model: Path) -> Classifier:
    """The example itself: what the results have to say."""
    return Classifier.load(digits_model)


def uploaded(storage: CloudStorage, data: bytes = THREE, name: str = "a.png") -> Event:
    """Upload a picture, and give the event that this raises."""
    return finalized_event(storage.put("photos", name, data, "image/png"), storage.url)


def deliver(function: FlaskClient, event: Event) -> int:
    """Deliver an event; the status of the answer: 200 ends its delivery, 500 asks for another."""
    return function.post("/", data=event.body, headers=dict(event.headers)).status_code


def stored(storage: CloudStorage, name: str = RESULT) -> StoredObject:
    """A stored result, which has to be there."""
    result = storage.get("results", name)
    assert result is not None, storage.names("results")
    return result


def top_label(result: StoredObject) -> str:
    """The best label of a result."""
    label: str = json.loads(result.data)["predictions"][0]["label"]
    return label


def calls(storage: CloudStorage, operation: Operation) -> int:
    """How many calls of a kind there were."""
    return [call.operation for call in storage.requests].count(operation)


def put_result(storage: CloudStorage, generation: int) -> StoredObject:
    """Store a result as another instance of the function would."""
    return storage.put("results", RESULT, b"{}", "application/json", {SOURCE_GENERATION: str(generation)})


# A picture


def test_result(storage: CloudStorage, function: FlaskClient, classifier: Classifier) -> None:
    """An uploaded picture gets a result with its labels, what it describes, by which model and when."""
    before = datetime.now(timezone.utc) - timedelta(milliseconds=1)
    event = uploaded(storage)
    assert deliver(function, event) == 200
    picture, result = storage.get("photos", "a.png"), stored(storage)
    assert picture is not None
    document = json.loads(result.data)
    assert before <= datetime.fromisoformat(document.pop("classified_at")) <= datetime.now(timezone.utc)
    assert document == {
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
    assert result.metadata == {"source-generation": str(picture.generation)}
    assert storage.names("results") == [RESULT]


def test_structured_event(storage: CloudStorage, function: FlaskClient) -> None:
    """An event whose attributes are in its body is the same event."""
    event = uploaded(storage)
    attributes = {key.removeprefix("ce-"): value for key, value in event.headers.items() if key.startswith("ce-")}
    body = json.dumps(attributes | {"data": json.loads(event.body)})
    answer = function.post("/", data=body, content_type="application/cloudevents+json")
    assert answer.status_code == 200
    assert top_label(stored(storage)) == "3"


@pytest.mark.parametrize("name", ["a b.png", "in//a", "#1?x=%41&y.png", "héllo-日本.png", "a.json", "in/..png"])
def test_odd_name(storage: CloudStorage, function: FlaskClient, name: str) -> None:
    """The result lies under the picture's whole name, whatever signs are in it."""
    assert deliver(function, uploaded(storage, name=name)) == 200
    assert storage.names("results") == [f"labels/photos/{name}.json"]


def test_name_that_is_too_long(storage: CloudStorage, function: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """A picture whose result would have too long a name is done, with a line in the log: no retry could help."""
    assert deliver(function, uploaded(storage, name="ü" * 510)) == 200
    assert "its name is so long that its result cannot be stored" in caplog.text
    assert storage.requests == []


def test_results_without_prefix(storage: CloudStorage, function: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """RESULTS may be a whole bucket."""
    monkeypatch.setenv("RESULTS", "gs://results")
    assert deliver(function, uploaded(storage)) == 200
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


def test_older_record_after_newer_result(
    storage: CloudStorage, function: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does one that needs no look at the picture, because that was too large."""
    monkeypatch.setenv("MAX_BYTES", str(len(SEVEN)))
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
    assert [deliver(function, event), deliver(function, event)] == [200, 200]
    assert calls(storage, "write") == 1


def test_race_with_newer(storage: CloudStorage, function: FlaskClient) -> None:
    """A newer result that comes between our look and our write stays."""
    event = uploaded(storage)
    newer = int(json.loads(event.body)["generation"]) + 1
    storage.faults.add(Callback(lambda: put_result(storage, newer)), "write")
    assert deliver(function, event) == 200
    assert stored(storage).metadata == {SOURCE_GENERATION: str(newer)}


def test_race_with_older(storage: CloudStorage, function: FlaskClient) -> None:
    """An older result that comes between our look and our write is replaced."""
    event = uploaded(storage)
    generation = int(json.loads(event.body)["generation"])
    storage.faults.add(Callback(lambda: put_result(storage, generation - 1)), "write")
    assert deliver(function, event) == 200
    assert stored(storage).metadata == {SOURCE_GENERATION: str(generation)}
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
        (TEXT, 415, "This is not an image in one of the formats JPEG, PNG, GIF, BMP, WEBP."),
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


def test_too_large_file(storage: CloudStorage, function: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of more than MAX_BYTES gets an error, and is not even downloaded."""
    monkeypatch.setenv("MAX_BYTES", "1000")
    assert deliver(function, uploaded(storage, b"\0" * 1001)) == 200
    error = json.loads(stored(storage).data)["error"]
    sentence = "The file has 1,001 bytes; at most 1,000 are accepted."
    assert error == {"code": 413, "message": sentence}
    assert calls(storage, "read_media") == 0


def test_too_many_pixels(storage: CloudStorage, function: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture of more than MAX_PIXELS gets an error."""
    monkeypatch.setenv("MAX_PIXELS", "10")
    assert deliver(function, uploaded(storage)) == 200
    assert json.loads(stored(storage).data)["error"]["code"] == 413


def test_good_after_bad(storage: CloudStorage, function: FlaskClient) -> None:
    """A good picture under the same name replaces the error."""
    deliver(function, uploaded(storage, TEXT))
    assert deliver(function, uploaded(storage)) == 200
    assert top_label(stored(storage)) == "3"


# Faults of the storage

lost = pytest.mark.parametrize("instead", [Status(503), Reset()], ids=["503", "reset"])


@lost
def test_lost_answer(storage: CloudStorage, function: FlaskClient, instead: Status | Reset) -> None:
    """When a result is stored but the answer is lost, there is one right result, and the event is done."""
    storage.faults.add(AnswerLost(instead), "write")
    assert deliver(function, uploaded(storage)) == 200
    assert calls(storage, "write") == 2
    assert top_label(stored(storage)) == "3"


@lost
def test_lost_answer_of_a_replacement(storage: CloudStorage, function: FlaskClient, instead: Status | Reset) -> None:
    """The same holds when an older result was replaced."""
    deliver(function, uploaded(storage))
    storage.faults.add(AnswerLost(instead), "write")
    assert deliver(function, uploaded(storage, SEVEN)) == 200
    assert top_label(stored(storage)) == "7"


@pytest.mark.parametrize("operation", ["read_media", "read_metadata", "write"])
def test_passing_fault(storage: CloudStorage, function: FlaskClient, operation: Operation) -> None:
    """Faults that pass within the retries are not noticed."""
    for fault in (Status(503), Status(429), Reset()):
        storage.faults.add(fault, operation)
    assert deliver(function, uploaded(storage)) == 200
    assert top_label(stored(storage)) == "3"


def test_cut_stream(storage: CloudStorage, function: FlaskClient) -> None:
    """A download that breaks off is completed."""
    storage.faults.add(CutStream(), "read_media")
    assert deliver(function, uploaded(storage)) == 200
    assert top_label(stored(storage)) == "3"


@pytest.mark.parametrize("status", [503, 403])
@pytest.mark.parametrize("operation", ["read_media", "read_metadata", "write"])
def test_lasting_fault(
    storage: CloudStorage,
    function: FlaskClient,
    operation: Operation,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fault that outlasts the retries asks for the event again, which then gets its result."""
    monkeypatch.setattr(service_storage, "_CALL", {"timeout": 10, "retry": QUICK.with_timeout(0.1)})
    event = uploaded(storage)
    storage.faults.add(Status(status), operation, times=None)
    assert deliver(function, event) == 500
    assert storage.names("results") == []
    storage.faults.clear()
    assert deliver(function, event) == 200
    assert top_label(stored(storage)) == "3"


def test_corrupted_picture(storage: CloudStorage, function: FlaskClient) -> None:
    """Bytes that were corrupted on their way are not taken for a bad picture."""
    event = uploaded(storage)
    storage.faults.add(CorruptBytes(), "read_media")
    assert [deliver(function, event), deliver(function, event)] == [500, 200]
    assert top_label(stored(storage)) == "3"


def test_missing_results_bucket(storage: CloudStorage, function: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is taken for done when its result has no bucket to go to."""
    monkeypatch.setenv("RESULTS", "gs://nowhere/labels")
    assert deliver(function, uploaded(storage)) == 500


# Events that are not about pictures


def test_result_is_no_picture(storage: CloudStorage, function: FlaskClient) -> None:
    """What lies below RESULTS is not classified, and not even read."""
    event = finalized_event(storage.put("results", "labels/a.png", THREE), storage.url)
    assert deliver(function, event) == 200
    assert storage.requests == []


def test_one_bucket_for_both(storage: CloudStorage, function: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """With results in the watched bucket, pictures get labels and results get none."""
    monkeypatch.setenv("RESULTS", "gs://photos/labels")
    deliver(function, uploaded(storage, name="labels.png"))
    result = storage.get("photos", "labels/photos/labels.png.json")
    assert result is not None
    assert deliver(function, finalized_event(result, storage.url)) == 200
    assert storage.names("photos") == ["labels.png", "labels/photos/labels.png.json"]


@pytest.mark.parametrize("kind", ["deleted", "archived", "metadataUpdated"])
def test_other_event(storage: CloudStorage, function: FlaskClient, kind: str) -> None:
    """An event of another type is done, without a look at the object."""
    event = uploaded(storage)
    headers = dict(event.headers) | {"ce-type": f"google.cloud.storage.object.v1.{kind}"}
    assert deliver(function, replace(event, headers=headers)) == 200
    assert storage.requests == []


GOOD_DATA = {"bucket": "photos", "name": "a.png", "generation": "1", "size": "1"}
NO_OBJECT = "The event's data is not a JSON object that describes an uploaded file."


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", NO_OBJECT),
        (b"{", NO_OBJECT),
        (b"\xff\xfe", NO_OBJECT),
        (b"[]", NO_OBJECT),
        (b'"gs://photos/a.png"', NO_OBJECT),
        (b"{}", "The event's data lacks 'bucket'."),
        *(
            (json.dumps({key: value for key, value in GOOD_DATA.items() if key != missing}), f"lacks '{missing}'.")
            for missing in GOOD_DATA
        ),
        (json.dumps(GOOD_DATA | {"generation": "first"}), "The event's data holds no usable generation and size: "),
        (json.dumps(GOOD_DATA | {"size": float("inf")}), "The event's data holds no usable generation and size: "),
        (json.dumps(GOOD_DATA | {"size": None}), "The event's data holds no usable generation and size: "),
        (json.dumps(GOOD_DATA | {"name": ""}), "The event's data names no bucket and object."),
        (json.dumps(GOOD_DATA | {"bucket": 1}), "The event's data names no bucket and object."),
    ],
)
def test_bad_event(storage: CloudStorage, function: FlaskClient, body: bytes | str, sentence: str) -> None:
    """Data that do not describe an object are refused with a sentence."""
    headers = dict(uploaded(storage).headers)
    answer = function.post("/", data=body, headers=headers)
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert sentence in answer.text
    assert storage.requests == []


def test_bad_structured_event(storage: CloudStorage, function: FlaskClient) -> None:
    """The same holds for an event whose attributes are in its body."""
    headers = uploaded(storage).headers
    attributes = {key.removeprefix("ce-"): value for key, value in headers.items() if key.startswith("ce-")}
    answer = function.post("/", data=json.dumps(attributes), content_type="application/cloudevents+json")
    assert (answer.status_code, answer.text) == (400, NO_OBJECT)


data_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
)


@given(data_values | st.fixed_dictionaries({key: st.just(value) | data_values for key, value in GOOD_DATA.items()}))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_event(data: object) -> None:
    """Whatever an event's data are, they describe an upload or are refused."""
    try:
        upload = Upload.from_event_data(data)
    except BadEvent:
        return
    assert upload.bucket
    assert upload.name


# Settings and the model


@pytest.mark.parametrize("setting", ["MODEL", "RESULTS"])
def test_unset(
    storage: CloudStorage,
    function: FlaskClient,
    setting: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without a setting that it needs, the function keeps its events, and the log names the setting."""
    monkeypatch.delenv(setting)
    assert deliver(function, uploaded(storage)) == 500
    assert f"{setting} is not set" in caplog.text


@pytest.fixture
def model(storage: CloudStorage, digits_model: Path, monkeypatch: pytest.MonkeyPatch) -> StoredObject:
    """The example as an object in Cloud Storage that MODEL names."""
    monkeypatch.setenv("MODEL", "gs://models/v 1/digits.onnx")
    return storage.put("models", "v 1/digits.onnx", digits_model.read_bytes())


def test_model_in_storage(storage: CloudStorage, function: FlaskClient, model: StoredObject) -> None:
    """A model in Cloud Storage is downloaded once, for all events."""
    for name in ("a.png", "b.png"):
        assert deliver(function, uploaded(storage, name=name)) == 200
    reads = [call for call in storage.requests if (call.operation, call.bucket) == ("read_media", "models")]
    assert len(reads) == 1
    assert top_label(stored(storage)) == "3"


@pytest.mark.parametrize(
    "make_fault",
    [
        lambda storage: CorruptBytes(),
        lambda storage: Status(403),
        lambda storage: Callback(lambda: storage.delete("models", "v 1/digits.onnx")),
    ],
    ids=["corrupted", "forbidden", "deleted"],
)
def test_model_that_does_not_arrive(
    storage: CloudStorage,
    function: FlaskClient,
    model: StoredObject,
    make_fault: Callable[[CloudStorage], CorruptBytes | Status | Callback],
) -> None:
    """A model that did not arrive whole is not used; the next event gets it."""
    storage.faults.add(make_fault(storage), "read_media", bucket="models")
    event = uploaded(storage)
    assert deliver(function, event) == 500
    assert storage.names("results") == []
    storage.put("models", model.name, model.data)
    assert deliver(function, event) == 200
    assert top_label(stored(storage)) == "3"


def test_model_whose_download_breaks_off(storage: CloudStorage, function: FlaskClient, model: StoredObject) -> None:
    """A download of the model that breaks off is completed."""
    storage.faults.add(CutStream(), "read_media", bucket="models")
    assert deliver(function, uploaded(storage)) == 200
    assert top_label(stored(storage)) == "3"


def test_missing_model(
    storage: CloudStorage, function: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While the model's object is missing, events are kept, and the log says which it is."""
    monkeypatch.setenv("MODEL", "gs://models/digits.onnx")
    assert deliver(function, uploaded(storage)) == 500
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
