"""Cloud Storage, and functions that label what is uploaded to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from functions_framework import create_app
from google.cloud import storage as gcs

from emulator import CloudStorage, sockets
from emulator.sockets import collected  # noqa: F401 # a fixture
from predictor import Classifier
from tests.backfill.models import with_independent_labels
from tests.service.upload.pictures import ROOT

Start = Callable[..., FlaskClient]
"""Makes a function that has not seen an event yet; its arguments are settings."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    sockets.tolerate(items, Path(__file__).parent)


@pytest.fixture(autouse=True)
def _no_upload_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    names = (
        "ANNOTATE",
        "BUCKET",
        "EXCLUDE",
        "FAILED",
        "INCLUDE",
        "MAX_EVENT_AGE",
        "MIN_SCORE",
        "TIMEOUT_SECONDS",
        "TOP_K",
    )
    for name in names:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudStorage]:
    """Cloud Storage for a function, whose clients are closed in the end."""
    make_client = gcs.Client
    with CloudStorage(["photos", "results", "models", "failed"]) as storage, ExitStack() as clients:
        monkeypatch.setattr(gcs, "Client", lambda: clients.enter_context(closing(make_client())))
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
        yield storage


@pytest.fixture
def start(storage: CloudStorage, digits_model: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Starts functions that label with the example."""
    monkeypatch.setenv("FUNCTION_TARGET", "classify_upload")  # which create_app leaves set

    def start(**settings: str) -> FlaskClient:
        for name, value in {"MODEL": str(digits_model), "RESULTS": "gs://results/labels", **settings}.items():
            monkeypatch.setenv(name, value)
        client: FlaskClient = create_app("classify_upload", str(ROOT / "main.py"), "cloudevent").test_client()
        return client

    return start


@pytest.fixture
def function(start: Start) -> FlaskClient:
    """A function with nothing set but what is required."""
    return start()


@pytest.fixture(scope="session")
def classifier(digits_model: Path) -> Classifier:
    """The example itself: what the results have to say."""
    return Classifier.load(digits_model)


@pytest.fixture(scope="session")
def several(digits_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose labels do not exclude each other; for most pictures several have high scores."""
    return with_independent_labels(digits_model, tmp_path_factory.mktemp("several") / "model.onnx")
