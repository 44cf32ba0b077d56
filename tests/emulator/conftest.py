"""The server, the real client, and a function that records what is delivered to it."""

from collections.abc import Iterator

import pytest
from google.cloud import storage as gcs

from emulator import CloudStorage
from emulator.recorder import Recorder


@pytest.fixture
def function() -> Iterator[Recorder]:
    """A function that waits for events."""
    with Recorder() as recorder:
        yield recorder


@pytest.fixture
def storage() -> Iterator[CloudStorage]:
    """A server with two buckets."""
    with CloudStorage(["photos", "results"]) as storage:
        yield storage


@pytest.fixture
def client(storage: CloudStorage, monkeypatch: pytest.MonkeyPatch) -> Iterator[gcs.Client]:
    """The real client, talking to the server."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
    # Else the client reads each bucket in a thread of its own, and may take another call's fault.
    monkeypatch.setenv("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    client = gcs.Client(project="test")
    yield client
    client.close()


@pytest.fixture
def bucket(client: gcs.Client) -> gcs.Bucket:
    """The bucket `photos`."""
    return client.bucket("photos")
