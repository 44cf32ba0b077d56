"""What there is in a bucket."""

from __future__ import annotations

import pytest

from service.calls import MissingRole
from service.storage import Storage
from tests.cloud_storage import CloudStorage, Status
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


def test_missing_role(storage: CloudStorage) -> None:
    """A role that is missing is named."""
    storage.faults.add(Status(403), "list", times=None)
    with pytest.raises(MissingRole, match=r"roles/storage\.objectViewer on gs://photos"):
        names()
