"""What is stored where there are no labels, and what is written beside the labels."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from emulator import Callback, CloudStorage, Operation, Sink, Status
from emulator.denials import denial
from emulator.events import Event
from evaluation import model_copy
from predictor import Classifier, Decision
from results import documents
from tests.service.upload.conftest import Start
from tests.service.upload.pictures import (
    SEVEN,
    TEXT,
    THREE,
    calls,
    deliver,
    document,
    generation_of,
    stored,
    top_label,
    uploaded,
)


def aged(event: Event, age: timedelta) -> Event:
    """The same event, raised so long ago."""
    time = (datetime.now(timezone.utc) - age).strftime("%Y-%m-%dT%H:%M:%SZ")
    return replace(event, headers={**event.headers, "ce-time": time})


OLD = timedelta(hours=23, minutes=1)
YOUNG = timedelta(hours=22, minutes=59)


# Events that are too old


def test_old_event_that_works(storage: CloudStorage, function: FlaskClient) -> None:
    """An old event is tried like any other."""
    assert deliver(function, aged(uploaded(storage), OLD)) == 200
    assert top_label(stored(storage)) == "3"


@pytest.mark.parametrize(("status", "code"), [(403, 403), (503, 503), (404, None)])
def test_old_event_that_fails(
    storage: CloudStorage, start: Start, caplog: pytest.LogCaptureFixture, status: int, code: int | None
) -> None:
    """An event that still fails when it is too old gets a record and a line of severity ERROR; before it is retried."""
    function, event = start(TIMEOUT_SECONDS="1"), uploaded(storage)
    storage.faults.add(Status(status), "read_media", times=None)
    assert deliver(function, aged(event, YOUNG)) == (200 if code is None else 500)
    assert storage.names("results") == []
    assert deliver(function, aged(event, OLD)) == 200
    if code is None:  # deleted: there is nothing to record
        assert storage.names("results") == []
    else:
        assert document(storage)["error"]["code"] == code
        assert [
            record.outcome
            for record in caplog.records
            if record.levelno == logging.ERROR and hasattr(record, "outcome")
        ] == ["failed"]


def test_old_event_without_a_model(storage: CloudStorage, start: Start) -> None:
    """The record says that there was no model."""
    function, event = start(MODEL="no.onnx"), uploaded(storage)
    assert deliver(function, event) == 500
    assert deliver(function, aged(event, OLD)) == 200
    found = document(storage)
    assert found["model"] is None
    assert found["error"]["code"] == 500
    assert "no.onnx: there is no such file" in found["error"]["message"]


def test_old_event_whose_record_cannot_be_stored(
    storage: CloudStorage, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """Where not even a record can be stored the event is not ended, and the log says so with severity ERROR."""
    function, event = start(TIMEOUT_SECONDS="1"), uploaded(storage)
    storage.faults.add(Status(403), "write", times=None)
    assert deliver(function, aged(event, OLD)) == 500
    assert "ERROR" in [record.levelname for record in caplog.records if getattr(record, "outcome", "") == "retried"]


def test_labels_after_giving_up(storage: CloudStorage, function: FlaskClient) -> None:
    """A record of a fault is replaced by labels, when the same event comes again and works."""
    event = aged(uploaded(storage), OLD)
    storage.faults.add(Status(403), "read_media")
    assert deliver(function, event) == 200
    assert document(storage)["error"]["code"] == 403
    assert deliver(function, event) == 200
    assert top_label(stored(storage)) == "3"


def test_fault_after_labels(storage: CloudStorage, function: FlaskClient) -> None:
    """Labels are not replaced by the record of a fault that a copy of their event met."""
    event = aged(uploaded(storage), OLD)
    assert deliver(function, event) == 200
    storage.faults.add(Status(403), "read_media")
    assert deliver(function, event) == 200
    assert top_label(stored(storage)) == "3"


def test_event_without_time(storage: CloudStorage, function: FlaskClient) -> None:
    """An event that does not say when it was is as old as its object."""
    event = uploaded(storage)
    headers = {name: value for name, value in event.headers.items() if name != "ce-time"}
    body = json.dumps(json.loads(event.body) | {"timeCreated": "2020-01-01T00:00:00Z"}).encode()
    storage.faults.add(Status(403), "read_media")
    assert deliver(function, replace(event, headers=headers, body=body)) == 200
    assert document(storage)["error"]["code"] == 403


# Missing roles


@pytest.mark.parametrize(
    ("operation", "role", "bucket"),
    [
        ("read_media", "roles/storage.objectViewer", "photos"),
        ("write", "roles/storage.objectUser", "results"),
        ("patch", "roles/storage.objectUser", "photos"),
        ("copy", "roles/storage.objectUser", "failed"),
    ],
)
def test_missing_role(
    storage: CloudStorage, start: Start, caplog: pytest.LogCaptureFixture, operation: Operation, role: str, bucket: str
) -> None:
    """The log names the role that is missing, and the bucket, beside what Cloud Storage says."""
    function = start(ANNOTATE="1", FAILED="gs://failed/look")
    storage.faults.add(Status(403), operation)
    event = uploaded(storage, TEXT if operation == "copy" else THREE)
    assert [deliver(function, event), deliver(function, event)] == [500, 200]
    said = f"permission denied: grant the function's service account {role} on gs://{bucket}. {denial(operation)}"
    assert said in caplog.text


def test_role_for_a_prefix(storage: CloudStorage, function: FlaskClient) -> None:
    """The first result for a name is stored without a look, which a role for a prefix alone does not allow."""
    storage.faults.add(Status(403), "read_metadata", times=None)
    assert deliver(function, uploaded(storage)) == 200
    assert top_label(stored(storage)) == "3"


def test_labels_of_another_model(storage: CloudStorage, start: Start, digits_model: Path, tmp_path: Path) -> None:
    """An event that comes again to a newer model leaves the labels that are there: only a backfill replaces them."""
    event, path = uploaded(storage), tmp_path / "new.onnx"
    assert deliver(start(), event) == 200
    before = stored(storage).data
    with digits_model.open("rb") as source, path.open("wb") as target:
        document_ = model_copy.copy_without_document(source, target)
        target.write(model_copy.entry(document_ | {"version": "another"}))
    assert deliver(start(MODEL=str(path)), event) == 200
    assert stored(storage).data == before


# Facts in the metadata of results


def test_facts_of_labels(storage: CloudStorage, function: FlaskClient) -> None:
    """Who is told of a result by a notification finds its best label and score in the message."""
    sink = storage.deliver("results", Sink("http://127.0.0.1:9", tries=1))
    assert deliver(function, uploaded(storage)) == 200
    (delivery,) = sink.wait()
    told = json.loads(delivery.event.body)["metadata"]
    best = document(storage)["predictions"][0]
    assert {key: told[key] for key in ("result", "label", "score")} == {
        "result": "labelled",
        "label": best["label"],
        "score": str(best["score"]),
    }


def test_facts_of_records(storage: CloudStorage, start: Start) -> None:
    """A record's metadata say whether the picture was refused or a fault befell it, and no label."""
    function = start(TIMEOUT_SECONDS="1")
    assert deliver(function, uploaded(storage, TEXT)) == 200
    refused = stored(storage).metadata
    storage.faults.add(Status(403), "read_media", times=None)
    assert deliver(function, aged(uploaded(storage), OLD)) == 200
    failed = stored(storage).metadata
    assert [one["result"] for one in (refused, failed)] == ["refused", "failed"]
    assert not {"label", "score"} & {*refused, *failed}


@pytest.mark.parametrize("label", ["ü", "水" * 682, "水" * 683])
def test_facts_of_long_labels(label: str) -> None:
    """A label that would leave no room for other metadata is left out."""
    found = documents.facts("labelled", {"predictions": [{"label": label, "score": 0.5}]})
    assert (found == {"result": "labelled"}) is (len(label.encode()) > 2048)
    assert found.get("label", label) == label


# FAILED


def test_failed_copy(storage: CloudStorage, start: Start, classifier: Classifier) -> None:
    """A picture that gets a record is copied for a person to look at, again when there is a newer one."""
    function = start(FAILED="gs://failed/look")
    for data in (TEXT, TEXT * 2):
        event = uploaded(storage, data)
        assert [deliver(function, event), deliver(function, event)] == [200, 200]
        copy = storage.get("failed", "look/photos/a.png")
        assert copy is not None
        assert (copy.data, copy.content_type) == (data, "image/png")
        assert copy.metadata == {
            "source-generation": str(generation_of(event)),
            "outcome": "final",
            "model-version": classifier.info.version,
        }
    assert calls(storage, "write") >= 2


def test_no_copy_of_a_good_picture(storage: CloudStorage, start: Start) -> None:
    """A picture that gets labels is not copied."""
    assert deliver(start(FAILED="gs://failed/look"), uploaded(storage)) == 200
    assert storage.names("failed") == []


def test_no_copy_beside_labels(storage: CloudStorage, start: Start) -> None:
    """A fault when an event comes again, too old, leaves the labels that are there, and no copy."""
    function, event = start(FAILED="gs://failed/look", TIMEOUT_SECONDS="1"), uploaded(storage)
    assert deliver(function, event) == 200
    storage.faults.add(Status(403), "read_media", times=None)
    assert deliver(function, aged(event, OLD)) == 200
    assert top_label(stored(storage)) == "3"
    assert storage.names("failed") == []


def test_copy_of_a_picture_that_is_gone(storage: CloudStorage, start: Start) -> None:
    """A picture that is deleted before it is copied keeps its record."""
    function = start(FAILED="gs://failed/look")
    storage.faults.add(Callback(lambda: storage.delete("photos", "a.png")), "copy")
    assert deliver(function, uploaded(storage, TEXT)) == 200
    assert document(storage)["error"]["code"] == 415
    assert storage.names("failed") == []


def test_no_bucket_for_copies(storage: CloudStorage, start: Start) -> None:
    """A bucket for copies that is not there is not taken for a picture that is not there."""
    assert deliver(start(FAILED="gs://nowhere"), uploaded(storage, TEXT)) == 500


# ANNOTATE


def test_annotate(storage: CloudStorage, start: Start) -> None:
    """The picture's own metadata gets the best label, and keeps its other keys."""
    assert deliver(start(ANNOTATE="1"), uploaded(storage, metadata={"album": "7", "label": "old"})) == 200
    picture = storage.get("photos", "a.png")
    assert picture is not None
    best, found = document(storage)["predictions"][0], document(storage)["model"]
    assert picture.metadata == {
        "album": "7",
        "label": best["label"],
        "score": str(best["score"]),
        "classified-by": f"{found['name']} {found['version']}",
    }


def test_annotate_once(storage: CloudStorage, start: Start) -> None:
    """A second delivery has nothing to write; the metadata are no new generation."""
    function, event = start(ANNOTATE="1"), uploaded(storage)
    assert [deliver(function, event), deliver(function, event)] == [200, 200]
    picture = storage.get("photos", "a.png")
    assert picture is not None
    assert (picture.generation, picture.metageneration) == (generation_of(event), 2)


def test_annotate_beside_others(storage: CloudStorage, start: Start) -> None:
    """What somebody else writes into the metadata meanwhile stays."""
    storage.faults.add(Callback(lambda: storage.annotate("photos", "a.png", {"album": "7"})), "patch")
    assert deliver(start(ANNOTATE="1"), uploaded(storage)) == 200
    picture = storage.get("photos", "a.png")
    assert picture is not None
    assert picture.metadata.items() >= {"album": "7", "label": "3"}.items()


def test_annotate_several(storage: CloudStorage, start: Start, several: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Of labels that do not exclude each other all of 0.5 or more are given; the result has all scores as ever."""
    caplog.set_level(logging.INFO)
    assert deliver(start(MODEL=str(several), ANNOTATE="1"), uploaded(storage)) == 200
    found = Classifier.load(several).classify(THREE)
    wanted = [one for one in found if one.score >= 0.5]
    assert 1 < len(wanted) < len(found)
    picture = storage.get("photos", "a.png")
    assert picture is not None
    assert json.loads(picture.metadata["label"]) == [one.label for one in wanted]
    assert json.loads(picture.metadata["score"]) == [one.score for one in wanted]
    assert document(storage)["predictions"] == [asdict(one) for one in found]
    assert caplog.messages[-1].endswith(f": labelled: {', '.join(f'{one.label} ({one.score:.1%})' for one in wanted)}")


def test_min_score(storage: CloudStorage, start: Start, several: Path) -> None:
    """MIN_SCORE decides which labels are given and stored, also of labels that exclude each other; it may be none."""
    found = Classifier.load(several).classify(THREE)
    least = found[1].score
    function = start(MODEL=str(several), ANNOTATE="1", MIN_SCORE=f"{least:.17f}")
    assert deliver(function, uploaded(storage, metadata={"label": "old"})) == 200
    picture = storage.get("photos", "a.png")
    assert picture is not None
    assert json.loads(picture.metadata["label"]) == [one.label for one in found[:2]]
    assert document(storage)["predictions"] == [asdict(one) for one in found[:2]]
    assert deliver(start(ANNOTATE="1", MIN_SCORE="1.1"), uploaded(storage, metadata={"label": "old"})) == 200
    picture = storage.get("photos", "a.png")
    assert picture is not None
    assert (picture.metadata["label"], picture.metadata["score"]) == ("", "")
    assert document(storage)["predictions"] == []


def test_top_k(storage: CloudStorage, start: Start, classifier: Classifier) -> None:
    """TOP_K is how many labels a result has, the best."""
    assert deliver(start(TOP_K="2"), uploaded(storage)) == 200
    assert document(storage)["predictions"] == [asdict(one) for one in classifier.classify(THREE)[:2]]


def test_no_annotation(storage: CloudStorage, function: FlaskClient) -> None:
    """Without ANNOTATE the picture stays as it is."""
    assert deliver(function, uploaded(storage, SEVEN)) == 200
    assert calls(storage, "patch") == 0


# The log


def test_log_line(storage: CloudStorage, function: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """One line for each delivery names event, object, generation, outcome and times."""
    event = uploaded(storage)
    deliver(function, event)
    [line] = [record for record in caplog.records if hasattr(record, "outcome")]
    assert (line.event_id, line.bucket, line.object) == (event.headers["ce-id"], "photos", "a.png")
    assert (line.generation, line.outcome, line.levelname) == (str(generation_of(event)), "labelled", "INFO")
    assert 0 < line.seconds < line.event_age_seconds + 60


def test_decision(storage: CloudStorage, start: Start, digits_model: Path, tmp_path: Path) -> None:
    """A result carries what is decided, where the model file says from which score on."""
    for score, decision in ((0.5, "3"), (1.1, "unsure")):
        model = tmp_path / f"{score}.onnx"
        model_copy.write(digits_model, model, Decision(score, 0.02, 0.95, 1.0, 500))
        assert deliver(start(MODEL=str(model)), uploaded(storage)) == 200
        assert document(storage)["decision"] == decision
