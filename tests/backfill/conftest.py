"""Cloud Storage for a backfill, in this process and as a process of its own."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from backfill import place
from predictor import Classifier
from tests.cloud_storage import CloudStorage


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The client leaves the sockets of failed downloads to the garbage collector."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"))


@pytest.fixture(scope="module", autouse=True)
def _collected() -> Iterator[None]:
    """Collect those sockets before other tests begin, in which they would be errors."""
    yield
    gc.collect()


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudStorage]:
    """Cloud Storage for backfills and functions of this process, and by its address for others."""
    with CloudStorage(["photos", "results"]) as storage:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
        place.cloud_storage.cache_clear()
        yield storage
        place.cloud_storage.cache_clear()


@pytest.fixture(scope="session")
def classifier(digits_model: Path) -> Classifier:
    """The example itself: what the results have to say."""
    return Classifier.load(digits_model)
