"""Cloud Storage for a backfill, in this process and as a process of its own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backfill.objects import object_store
from emulator import CloudStorage, sockets
from emulator.sockets import collected  # noqa: F401 # a fixture
from evaluation import model_copy
from predictor import Classifier, runtime


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    sockets.tolerate(items, Path(__file__).parent)


@pytest.fixture(scope="session")
def digits_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example that DIGITS_MODEL names, as if verified with the versions here: Beam has an older Pillow."""
    copy = tmp_path_factory.mktemp("digits") / "model.onnx"
    with Path(os.environ["DIGITS_MODEL"]).open("rb") as source, copy.open("wb") as target:
        document = model_copy.copy_without_document(source, target)
        tools = Classifier.load(os.environ["DIGITS_MODEL"]).info.tools | runtime.versions()
        target.write(model_copy.entry(document | {"tools": tools}))
    return copy


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudStorage]:
    """Cloud Storage for backfills and functions of this process, and by its address for others."""
    with CloudStorage(["photos", "results"]) as storage:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
        object_store.cloud_storage.cache_clear()
        yield storage
        object_store.cloud_storage.cache_clear()


@pytest.fixture(scope="session")
def classifier(digits_model: Path) -> Classifier:
    """The example itself: what the results have to say."""
    return Classifier.load(digits_model)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach, too."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
