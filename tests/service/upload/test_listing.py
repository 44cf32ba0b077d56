"""What there is in a bucket."""

from __future__ import annotations

import time

import pytest
from google.api_core.exceptions import RetryError

from emulator import CloudStorage, Drip, Status
from storage.calls import MissingRole
from storage.client import Storage
from tests.service.upload.pictures import calls


def names(prefix: str = "", start: str = "", end: str = "") -> list[str]:
    return [upload.name for upload in Storage().list_objects("photos", prefix, start, end, timeout=1.0)]


def test_span(storage: CloudStorage) -> None:
    """Names come in order, those below a prefix, from a start on and before an end."""
    for name in ("b/1", "a", "b/3", "b/2", "c"):
        storage.put("photos", name, b"")
    assert names() == ["a", "b/1", "b/2", "b/3", "c"]
    assert names("b/") == ["b/1", "b/2", "b/3"]
    assert names("b/", "b/2") == ["b/2", "b/3"]
    assert names("b/", "b/2", "b/3") == ["b/2"]


def test_attributes(storage: CloudStorage) -> None:
    """Each is described as the event about it describes it."""
    stored = storage.put("photos", "a.png", b"123", content_type="image/png", metadata={"who": "me"})
    (found,) = Storage().list_objects("photos", "", "", "", timeout=1.0)
    assert (found.generation, found.size) == (stored.generation, 3)
    assert (found.content_type, found.metadata) == ("image/png", {"who": "me"})


def test_passing_fault(storage: CloudStorage) -> None:
    """A listing is asked for again after a fault, from where it was."""
    for number in range(1500):
        storage.put("photos", f"{number:04}", b"")
    found = Storage().list_objects("photos", "", "", "", timeout=5.0)
    first = next(found).name
    storage.faults.add(Status(503), "list", times=2)
    assert [first, *(upload.name for upload in found)] == [f"{number:04}" for number in range(1500)]
    assert calls(storage, "list") == 4


@pytest.mark.parametrize("is_of_body", [False, True], ids=["answer", "body"])
def test_slow_listing(storage: CloudStorage, is_of_body: bool) -> None:
    """A listing that drips is asked for again, and ends in time when it goes on so."""
    storage.put("photos", "a", b"")
    storage.faults.add(Drip(0.3, is_of_body), "list")
    assert [upload.name for upload in Storage().list_objects("photos", "", "", "", timeout=2.0)] == ["a"]
    storage.faults.add(Drip(0.3, is_of_body), "list", times=None)
    began = time.monotonic()
    with pytest.raises(RetryError):
        names()
    assert time.monotonic() - began < 2.0


def test_missing_role(storage: CloudStorage) -> None:
    """A role that is missing is named."""
    storage.faults.add(Status(403), "list", times=None)
    with pytest.raises(MissingRole, match=r"roles/storage\.objectViewer on gs://photos"):
        names()
