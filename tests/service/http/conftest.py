"""The function that serves the example, and the example itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from predictor import Classifier
from tests.service.http.requests import new_client


@pytest.fixture(scope="module")
def client(digits_model: Path) -> FlaskClient:
    """The function that serves the example."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL", str(digits_model))
        client = new_client()
        assert client.get("/health").status_code == 200
        return client


@pytest.fixture(scope="module")
def classifier(digits_model: Path) -> Classifier:
    """The example itself: what the function has to say."""
    return Classifier.load(digits_model)
