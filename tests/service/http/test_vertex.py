"""Vertex AI's online prediction: requests as Google's documentation publishes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from predictor import Classifier
from tests.service.http.requests import SEVEN, TEXT, THREE, base64_of, error_in, new_client

ENDPOINT = "/v1/projects/my-project/locations/us-central1/endpoints/1234567890:predict"


def content(data: bytes) -> dict[str, str]:
    return {"content": base64_of(data), "mimeType": "image/png"}


@pytest.mark.parametrize(
    ("path", "parent"),
    [(ENDPOINT, "projects/my-project/locations/us-central1/"), (ENDPOINT.replace("v1", "v1beta1"), None), ("/", "")],
)
def test_predict(client: FlaskClient, classifier: Classifier, path: str, parent: str | None) -> None:
    """Each instance gets parallel arrays by falling confidence, at the endpoint's path and at the root."""
    answer = client.post(path, json={"instances": [content(THREE), content(SEVEN)], "parameters": {}}).get_json()
    for prediction, data in zip(answer["predictions"], (THREE, SEVEN)):
        expected = classifier.classify(data, top_k=10)
        assert prediction["displayNames"] == [one.label for one in expected]
        assert prediction["confidences"] == [one.score for one in expected]
        assert [classifier.info.labels[int(one)] for one in prediction["ids"]] == prediction["displayNames"]
    assert answer["modelDisplayName"] == "digits"
    assert answer["modelVersionId"] == classifier.info.version
    assert parent is None or answer["model"] == f"{parent}models/digits"


@pytest.mark.parametrize(
    ("parameters", "count"),
    [
        ({"maxPredictions": 3}, 3),
        ({"confidenceThreshold": 0.5}, 1),
        ({"maxPredictions": 2.0, "other": 1}, 2),
        (None, 10),
    ],
)
def test_parameters(client: FlaskClient, parameters: Any, count: int) -> None:
    """The two parameters choose among the labels, ten at most if they are not given."""
    answer = client.post(ENDPOINT, json={"instances": [content(THREE)], "parameters": parameters}).get_json()
    assert len(answer["predictions"][0]["ids"]) == count


@pytest.mark.parametrize(
    ("instances", "parameters", "status", "sentence"),
    [
        ([content(THREE), content(TEXT)], {}, 415, "instances[1]: This is text, not an image in one of the formats "),
        ([content(THREE), {"mimeType": "image/png"}], {}, 400, "instances[1] is not of the form "),
        ([{"content": "%"}], {}, 400, "instances[0] holds no valid base64"),
        ([{"content": "gs://photos/cat.jpg"}], {}, 403, "instances[0]: the bucket of gs://photos/cat.jpg is not "),
        ([{"content": "https://example.com/cat.jpg"}], {}, 400, "instances[0] holds no valid base64"),
        ([content(THREE)], [], 400, "parameters is not a JSON object."),
        ([content(THREE)], {"maxPredictions": 0}, 400, "parameters.maxPredictions is not a whole number above zero."),
        ([content(THREE)], {"maxPredictions": True}, 400, "parameters.maxPredictions is not a whole number "),
        ([content(THREE)], {"confidenceThreshold": 2}, 400, "parameters.confidenceThreshold is not a number from 0"),
    ],
)
def test_errors(client: FlaskClient, instances: Any, parameters: Any, status: int, sentence: str) -> None:
    """What is wrong is said in Google's shape, and which instance it is."""
    said = error_in(client.post(ENDPOINT, json={"instances": instances, "parameters": parameters}))
    assert (said[0], said[1][: len(sentence)]) == (status, sentence)


@pytest.mark.parametrize("route", ["/v1/endpoints/1/deployedModels/2", "/v1/models/pets/live", "/v2/pets"])
def test_container_routes(digits_model: Path, monkeypatch: pytest.MonkeyPatch, route: str) -> None:
    """A custom container has its model and its routes from Vertex AI's variables, beside those of any protocol."""
    monkeypatch.setenv("AIP_STORAGE_URI", str(digits_model.parent))
    monkeypatch.setenv("AIP_HEALTH_ROUTE", route)
    monkeypatch.setenv("AIP_PREDICT_ROUTE", f"{route}:predict")
    client = new_client()
    assert client.get(route).status_code == 200
    answer = client.post(f"{route}:predict", json={"instances": [content(THREE)]})
    assert answer.get_json()["predictions"][0]["displayNames"][0] == "3"


def test_container_not_ready(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A custom container whose model is not there is not healthy, and says when to ask again."""
    monkeypatch.setenv("AIP_STORAGE_URI", str(tmp_path))
    monkeypatch.setenv("AIP_HEALTH_ROUTE", "/ready")
    answer = new_client().get("/ready")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
