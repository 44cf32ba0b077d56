"""What Cloud Storage refuses for other reasons than a missing role, and a retention policy or hold on the results."""

from __future__ import annotations

import logging

import pytest
import requests
from flask.testing import FlaskClient
from google.api_core import exceptions

from emulator import CloudStorage, Operation, Status
from emulator.denials import ACCOUNT, DENIALS, denial
from emulator.events import Event
from results.stored import GENERATIONS, location_beside
from storage.calls import Denied, MissingRole, ObjectRetained, needing
from storage.location import Location
from storage.result_version import ResultVersion
from storage.upload import Upload
from tests.service.upload.conftest import Start
from tests.service.upload.pictures import (
    RESULT,
    SEVEN,
    TEXT,
    THREE,
    deliver,
    document,
    generation_of,
    stored,
    top_label,
    uploaded,
)

OPERATIONS: list[Operation] = ["read_media", "write", "patch", "copy"]
NEVER_YOUNG = "0.001"  # seconds of MAX_EVENT_AGE: every event is too old to be retried


# Sentences


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("kind", DENIALS)
def test_denied(
    storage: CloudStorage, start: Start, caplog: pytest.LogCaptureFixture, kind: str, operation: Operation
) -> None:
    """What is refused for another reason than a missing role keeps Google's sentence, and names no role."""
    function = start(ANNOTATE="1", FAILED="gs://failed/look")
    storage.faults.add(Status(*DENIALS[kind]), operation)
    event = uploaded(storage, TEXT if operation == "copy" else THREE)
    assert [deliver(function, event), deliver(function, event)] == [500, 200]
    assert DENIALS[kind][1] in caplog.text
    assert "roles/" not in caplog.text


@pytest.mark.parametrize("kind", DENIALS)
def test_record_of_what_was_denied(storage: CloudStorage, start: Start, kind: str) -> None:
    """So does the record, when the event is too old."""
    storage.faults.add(Status(*DENIALS[kind]), "read_media")
    event = uploaded(storage)
    assert deliver(start(MAX_EVENT_AGE=NEVER_YOUNG), event) == 200
    assert document(storage)["error"] == {
        "code": 403,
        "message": "It could not be classified before its event became too old:"
        f" gs://photos/a.png: Cloud Storage refuses: {DENIALS[kind][1]}",
    }


def test_constraint(storage: CloudStorage, function: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """A policy of the organization, which has the status of a condition, is not taken for what others write."""
    sentence = "Constraint constraints/gcp.restrictNonCmekServices violated for project my-project."
    storage.faults.add(Status(412, sentence, "conditionNotMet"), "write", times=None)
    assert deliver(function, uploaded(storage)) == 500
    assert sentence in caplog.text
    assert "others kept" not in caplog.text


def answer(text: str) -> requests.Response:
    """A refusal as a client receives it."""
    response = requests.Response()
    response.status_code, response._content = 403, text.encode()
    return response


SENTENCES = {
    "role": (denial("write"), MissingRole),
    "old words": ("Caller does not have storage.objects.get access to photos/a.", MissingRole),
    "XML": (f"<Error><Code>AccessDenied</Code><Details>{denial('list')}</Details></Error>", MissingRole),
    "key": (DENIALS["key"][1], Denied),
    "payer": (f"{ACCOUNT} does not have serviceusage.services.use access to the Google Cloud project.", Denied),
    "proxy": ("<html><head><title>403 Forbidden</title></head><body>Blocked by\n  policy 7</body></html>", Denied),
    "nothing": ("", Denied),
    "long": ("word " * 1000, Denied),
    "retention": (
        "Object 'r/a' is subject to bucket's retention policy and cannot be deleted, overwritten or",
        ObjectRetained,
    ),
    "new retention": (
        "Object 'r/a' is subject to object retention and cannot be deleted or overwritten until",
        ObjectRetained,
    ),
    "hold": (
        "Object 'r/a' is under active Temporary hold and cannot be deleted, overwritten or archived",
        ObjectRetained,
    ),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_sentence(storage: CloudStorage, case: str) -> None:
    """What a refusal means follows from its words, and they are kept, in one line that can be read."""
    text, kind = SENTENCES[case]
    error = exceptions.from_http_status(403, "GET http://x: refused", response=answer(text))
    with pytest.raises((MissingRole, Denied)) as raised, needing("roles/storage.objectUser", Location("r", "a")):
        raise error
    assert type(raised.value) is kind
    said = str(raised.value)
    assert "\n" not in said
    assert "<" not in said
    assert len(said) < 700
    assert ("roles/" in said) == (kind is MissingRole)


# What is kept: a retention policy or hold on the results


def kept(storage: CloudStorage, how: str, bucket: str = "results", name: str = RESULT) -> None:
    """Let what is there not be replaced."""
    if how == "policy":
        storage.retain(bucket, 3600)
    else:
        storage.hold(bucket, name)


def beside(event: Event, name: str = "a.png", suffix: str = ".json") -> str:
    """Where the result of a generation lies when another one cannot be replaced."""
    return f"labels/{GENERATIONS}/photos/{name}/{generation_of(event)}{suffix}"


HOWS = pytest.mark.parametrize("how", ["policy", "hold"])


@HOWS
def test_newest_labels_are_not_lost(
    storage: CloudStorage, function: FlaskClient, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    """Where an older result may not be replaced, the newer one is stored beside it, and a line says so."""
    older = uploaded(storage)
    deliver(function, older)
    first = stored(storage).data
    kept(storage, how)
    newer = uploaded(storage, SEVEN)
    assert deliver(function, newer) == 200
    assert stored(storage).data == first
    assert top_label(stored(storage, beside(newer))) == "7"
    assert document(storage, beside(newer))["source"]["generation"] == str(generation_of(newer))
    (line,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert f"gs://results/{beside(newer)}" in line.getMessage()
    assert "cannot be deleted" in line.getMessage()
    assert [record.outcome for record in caplog.records if hasattr(record, "outcome")] == ["labelled", "labelled"]


@HOWS
def test_kept_and_again(storage: CloudStorage, function: FlaskClient, how: str) -> None:
    """Each generation has its one result, however often and in whatever order events come."""
    events = [uploaded(storage)]
    deliver(function, events[0])
    kept(storage, how)
    for data in (SEVEN, TEXT, THREE):
        events.append(uploaded(storage, data))
        assert [deliver(function, event) for event in (events[-1], *events)] == [200] * (len(events) + 1)
    assert storage.names("results") == sorted([RESULT, *(beside(event) for event in events[1:])])
    assert document(storage, beside(events[2]))["error"]["code"] == 415


def test_first_result_under_a_policy(storage: CloudStorage, function: FlaskClient) -> None:
    """A policy changes nothing for objects that are stored once; the same event twice stores one result."""
    storage.retain("results", 3600)
    event = uploaded(storage)
    assert [deliver(function, event), deliver(function, event)] == [200, 200]
    assert storage.names("results") == [RESULT]


@HOWS
def test_older_event_after_a_kept_newer(storage: CloudStorage, function: FlaskClient, how: str) -> None:
    """The event of an older generation is superseded as always."""
    older, newer = uploaded(storage), uploaded(storage, SEVEN)
    deliver(function, newer)
    kept(storage, how)
    assert deliver(function, older) == 200
    assert storage.names("results") == [RESULT]


@HOWS
@pytest.mark.parametrize("is_newer", [False, True], ids=["same", "newer"])
def test_kept_record_of_a_fault(storage: CloudStorage, start: Start, how: str, is_newer: bool) -> None:
    """The record of a fault is never in the way: the labels that come after it lie beside it."""
    hasty, patient = start(MAX_EVENT_AGE=NEVER_YOUNG), start()
    if is_newer:
        deliver(patient, uploaded(storage))
        kept(storage, how)
    storage.faults.add(Status(403), "read_media")
    event = uploaded(storage, SEVEN)
    assert deliver(hasty, event) == 200
    record = beside(event, suffix="-failed.json") if is_newer else RESULT
    assert document(storage, record)["error"]["code"] == 403
    kept(storage, how, name=record)
    assert deliver(patient, event) == 200
    assert top_label(stored(storage, beside(event))) == "7"


def test_long_name_that_is_kept(storage: CloudStorage, function: FlaskClient) -> None:
    """Names that would be too long are replaced by their digests here, too."""
    name = "ü" * 500
    storage.retain("results", 3600)
    deliver(function, uploaded(storage, name=name))
    newer = uploaded(storage, SEVEN, name)
    assert deliver(function, newer) == 200
    (first, second) = storage.names("results")
    assert {first.split("/")[1], second.split("/")[1]} == {"_long-names", "photos"}
    assert second.endswith(f"/{generation_of(newer)}.json") or first.endswith(f"/{generation_of(newer)}.json")


@HOWS
def test_copy_that_is_kept(storage: CloudStorage, start: Start, how: str) -> None:
    """The copy of a newer picture lies beside that of the older one."""
    function = start(FAILED="gs://failed/look")
    deliver(function, uploaded(storage, TEXT))
    kept(storage, how, "failed", "look/photos/a.png")
    newer = uploaded(storage, TEXT * 2)
    assert deliver(function, newer) == 200
    copy = storage.get("failed", f"look/{GENERATIONS}/photos/a.png/{generation_of(newer)}")
    assert copy is not None
    assert copy.data == TEXT * 2


def test_kept_on_both_sides(storage: CloudStorage, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """Where even what lies beside may not be replaced, the event is not ended, and the log says why as an error."""
    deliver(start(), uploaded(storage))
    storage.retain("results", 3600)
    newer = uploaded(storage, SEVEN)
    storage.put("results", beside(newer), b"{}", "application/json")
    storage.put("results", beside(newer, suffix="-failed.json"), b"{}", "application/json")
    assert deliver(start(MAX_EVENT_AGE=NEVER_YOUNG), newer) == 500
    (line,) = [record for record in caplog.records if getattr(record, "outcome", "") == "retried"]
    assert line.levelno == logging.ERROR
    assert "cannot be deleted or overwritten until" in line.getMessage()


def test_results_differ_by_name_and_generation() -> None:
    """No two generations of any two objects have the same place beside what is kept."""
    names = ["a", "a/1", "a/1.json", "1", "a/1.json/1", "a-failed"]
    places = {
        location_beside(
            Location("r", "labels"),
            Upload("b", name, generation, None, 1, {}),
            ResultVersion(generation, final),
            ".json",
        )
        for name in names
        for generation in (1, 2, 11)
        for final in (True, False)
    }
    assert len(places) == len(names) * 6
