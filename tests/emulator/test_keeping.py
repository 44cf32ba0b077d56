"""Objects that a retention policy or a hold keeps, as the real client sees them."""

import re

import pytest
from google.api_core import exceptions
from google.cloud import storage as gcs

from emulator import CloudStorage

UNTIL = r"Object 'photos/a' is subject to bucket's retention policy .* cannot be deleted or overwritten until \d{4}-"
HELD = "is under active {} hold and cannot be deleted, overwritten or archived until hold is removed."


def reason(refused: pytest.ExceptionInfo[exceptions.Forbidden]) -> str:
    """Google's word for why a call was refused."""
    found: str = refused.value.response.json()["error"]["errors"][0]["reason"]
    return found


@pytest.fixture
def blob(storage: CloudStorage, bucket: gcs.Bucket) -> gcs.Blob:
    """An object."""
    storage.put("photos", "a", b"1")
    return bucket.blob("a")


def test_retention_policy(storage: CloudStorage, bucket: gcs.Bucket, blob: gcs.Blob) -> None:
    """Under a policy, which covers what was there, nothing is replaced or deleted; new objects can be stored."""
    bucket.retention_period = 100
    bucket.patch()
    with pytest.raises(exceptions.Forbidden, match=UNTIL) as refused:
        blob.upload_from_string(b"2")
    assert reason(refused) == "retentionPolicyNotMet"
    for replace in (blob.delete, lambda: bucket.copy_blob(blob, bucket, "a"), lambda: blob.compose([blob])):
        with pytest.raises(exceptions.Forbidden, match=UNTIL):
            replace()
    bucket.blob("b").upload_from_string(b"2")
    storage.retain("photos", None)
    blob.upload_from_string(b"2")


def test_retention_that_is_over(storage: CloudStorage, blob: gcs.Blob) -> None:
    """What is older than the policy asks for can be replaced."""
    storage.retain("photos", 0)
    blob.upload_from_string(b"2")
    blob.delete()


@pytest.mark.parametrize(("attribute", "name"), [("temporary_hold", "Temporary"), ("event_based_hold", "Event-Based")])
def test_hold(blob: gcs.Blob, attribute: str, name: str) -> None:
    """A hold keeps an object until it is taken away; only the words tell it from a missing permission."""
    setattr(blob, attribute, True)
    blob.patch()
    with pytest.raises(exceptions.Forbidden, match=re.escape(HELD.format(name))) as refused:
        blob.upload_from_string(b"2")
    assert reason(refused) == "forbidden"
    setattr(blob, attribute, False)
    blob.patch()
    blob.upload_from_string(b"2")


def test_default_hold(bucket: gcs.Bucket) -> None:
    """A bucket can hold each new object; a copy has none of its source's holds, but the bucket's."""
    bucket.default_event_based_hold = True
    bucket.patch()
    held = bucket.blob("a")
    held.upload_from_string(b"1")
    with pytest.raises(exceptions.Forbidden, match="Event-Based"):
        held.delete()
    bucket.default_event_based_hold = False
    bucket.patch()
    bucket.copy_blob(held, bucket, "b").delete()


def test_condition_comes_first(storage: CloudStorage, blob: gcs.Blob) -> None:
    """A condition that does not hold is a 412, kept or not."""
    storage.retain("photos", 100)
    with pytest.raises(exceptions.PreconditionFailed):
        blob.upload_from_string(b"2", if_generation_match=0)


def test_metadata_stay_editable(storage: CloudStorage, blob: gcs.Blob) -> None:
    """The metadata of what is kept can be edited."""
    storage.retain("photos", 100)
    storage.hold("photos", "a")
    blob.metadata = {"k": "1"}
    blob.patch()
