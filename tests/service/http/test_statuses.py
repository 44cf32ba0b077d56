"""What each protocol says of pictures that no network can take, of memory that is short, of scores below zero."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

import predictor
from emulator import CloudStorage
from predictor import Classifier, Scores, UnclassifiableImage
from predictor.image import Pixels
from tests.service.http.requests import PREDICT, THREE, base64_of, form, new_client

REASON = "The picture has 1 x 1 pixels; the network's crop of it is empty."
ENDPOINT = "/v1/projects/p/locations/l/endpoints/1:predict"
INFER = "/v2/models/default/infer"


def tensor(*parameters: tuple[str, int]) -> dict[str, Any]:
    """A request of the Open Inference Protocol."""
    inputs = [{"name": "image", "shape": [1], "datatype": "BYTES", "data": [base64_of(THREE)]}]
    return {"inputs": inputs, "outputs": [{"name": "scores", "parameters": dict(parameters)}]}


BARE = {"b64": base64_of(THREE)}
REQUESTS: dict[str, Callable[[FlaskClient], Answer]] = {
    "picture": lambda client: client.post("/", data=THREE),
    "form": lambda client: client.post("/", **form(("a", ("3.png", THREE)))),
    "files": lambda client: client.post("/", **form(*[("a", ("3.png", THREE))] * 2)),
    "object": lambda client: client.post("/", json={"gcs_uri": "gs://photos/3.png"}),
    "bigquery": lambda client: client.post("/", json={"calls": [["gs://photos/3.png"]]}),
    "vertex": lambda client: client.post(ENDPOINT, json={"instances": [{"content": base64_of(THREE)}]}),
    "edge": lambda client: client.post(PREDICT, json={"instances": [{"image_bytes": BARE}]}),
    "serving": lambda client: client.post(PREDICT, json={"instances": [BARE]}),
    "columns": lambda client: client.post(PREDICT, json={"inputs": {"image_bytes": [BARE]}}),
    "classify": lambda client: client.post("/v1/models/default:classify", json={"examples": [{"x": BARE}]}),
    "inference": lambda client: client.post(INFER, json=tensor()),
    "classification": lambda client: client.post(INFER, json=tensor(("classification", 10))),
}
EACH_ITS_OWN = ("files", "bigquery")  # which have an error for each picture


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch, digits_model: Path) -> Any:
    """Cloud Storage with a picture that requests may name."""
    with CloudStorage(["photos"]) as storage:
        storage.put("photos", "3.png", THREE)
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
        monkeypatch.setenv("READ_BUCKETS", "photos")
        monkeypatch.setenv("MODEL", str(digits_model))
        yield storage


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> FlaskClient:
    """The function with a network that fails so on every picture."""

    def fail(self: Classifier, pixels: Pixels) -> Scores:
        raise error

    monkeypatch.setattr(predictor.Classifier, "scores", fail)
    return new_client()


@pytest.mark.parametrize("name", REQUESTS)
def test_unclassifiable(storage: CloudStorage, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A picture that the network cannot take is a 422 with its sentence in every protocol."""
    answer = REQUESTS[name](failing(monkeypatch, UnclassifiableImage(REASON)))
    assert REASON in answer.text
    if name in EACH_ITS_OWN:
        (found, *_) = answer.get_json().get("results") or answer.get_json()["replies"]
        assert (answer.status_code, found["error"]["code"]) == (200, 422)
    else:
        assert answer.status_code == 422


@pytest.mark.parametrize("name", REQUESTS)
def test_memory(
    storage: CloudStorage, monkeypatch: pytest.MonkeyPatch, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Memory that is short is no fault of the picture: all of the request is to be tried again."""
    answer = REQUESTS[name](failing(monkeypatch, MemoryError()))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "There is not enough memory for this now." in answer.text
    assert "not enough memory" in caplog.text


def scores_in(document: Any) -> list[float]:
    """All scores that an answer holds, in any protocol: its numbers with a point, or before a colon."""
    if isinstance(document, dict | list):
        values = document.values() if isinstance(document, dict) else document
        return [score for value in values for score in scores_in(value)]
    if isinstance(document, str) and document.count(":") == 2:
        return [float(document.partition(":")[0])]
    return [document] if isinstance(document, float) else []


@pytest.mark.parametrize("name", [name for name in REQUESTS if name != "vertex"])
def test_scores_below_zero(
    storage: CloudStorage, negative_model: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A model whose every score is below zero is answered like any other, where a protocol has no threshold."""
    monkeypatch.setenv("MODEL", str(negative_model))
    answer = REQUESTS[name](new_client())
    scores = scores_in(answer.get_json())
    assert answer.status_code == 200, answer.text
    assert len(scores) >= 10
    assert min(scores) < max(scores) <= 0


@pytest.mark.parametrize(("parameters", "count"), [({}, 0), ({"confidenceThreshold": 0.0}, 0)])
def test_threshold_of_vertex(
    negative_model: Path, monkeypatch: pytest.MonkeyPatch, parameters: dict[str, float], count: int
) -> None:
    """Vertex AI's own threshold is 0: scores below it are no predictions there."""
    monkeypatch.setenv("MODEL", str(negative_model))
    body = {"instances": [{"content": base64_of(THREE)}], "parameters": parameters}
    (prediction,) = new_client().post(ENDPOINT, json=body).get_json()["predictions"]
    assert len(prediction["ids"]) == count
