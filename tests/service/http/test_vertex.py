"""Vertex AI's online prediction: requests as Google's documentation publishes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from predictor import Classifier
from tests.service.http.requests import SEVEN, TEXT, THREE, base64_of, error_in, form, new_client, serving_error_in

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


def container(monkeypatch: pytest.MonkeyPatch, model: Path, health: str, predict: str) -> FlaskClient:
    """A custom container with these routes."""
    monkeypatch.setenv("AIP_STORAGE_URI", str(model.parent))
    monkeypatch.setenv("AIP_HEALTH_ROUTE", health)
    monkeypatch.setenv("AIP_PREDICT_ROUTE", predict)
    return new_client()


def test_raw_prediction_of_a_container(digits_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Vertex AI's rawPredict forwards is answered at the container's route: a picture, a form, JSON."""
    client = container(monkeypatch, digits_model, "/ready", "/predict")
    for sent in ({"data": THREE, "content_type": "image/png"}, form(("a", ("3.png", THREE)))):
        answer = client.post("/predict?top_k=1&$alt=json", **sent)
        assert [one["label"] for one in answer.get_json()["predictions"]] == ["3"]
    answer = client.post("/predict", json={"instances": [content(THREE)]})
    assert answer.get_json()["predictions"][0]["displayNames"][0] == "3"
    assert error_in(client.post("/predict", data=TEXT))[0] == 415


@pytest.mark.parametrize("name", ["default", "digits", "pets"])
@pytest.mark.parametrize("version", ["", "/versions/1"])
def test_routes_of_tensorflow_serving(
    digits_model: Path, monkeypatch: pytest.MonkeyPatch, classifier: Classifier, name: str, version: str
) -> None:
    """Routes that are TensorFlow Serving's speak its protocol, whatever name and version the container gave them."""
    model = f"/v1/models/{name}{version}"
    client = container(monkeypatch, digits_model, model, f"{model}:predict")
    assert client.get(model).get_json()["model_version_status"][0]["state"] == "AVAILABLE"
    body = {"signature_name": "serving_default", "inputs": {"image_bytes": [{"b64": base64_of(THREE)}]}}
    scores = classifier.scores(classifier.decode(THREE)).tolist()
    assert client.post(f"{model}:predict", json=body).get_json()["outputs"]["scores"] == [scores]
    assert serving_error_in(client.post(f"{model}:predict", json={}))[0] == 400
    assert serving_error_in(client.get(f"{model}:predict"))[0] == 405


@pytest.mark.parametrize("name", ["digits", "pets"])
def test_routes_of_the_open_inference_protocol(
    digits_model: Path, monkeypatch: pytest.MonkeyPatch, classifier: Classifier, name: str
) -> None:
    """Routes that are the Open Inference Protocol's speak it."""
    model = f"/v2/models/{name}"
    client = container(monkeypatch, digits_model, f"{model}/ready", f"{model}/infer")
    assert client.get(f"{model}/ready").get_json()["ready"] is True
    tensor = {"name": "image", "shape": [1], "datatype": "BYTES", "data": [base64_of(THREE)]}
    (output,) = client.post(f"{model}/infer", json={"inputs": [tensor]}).get_json()["outputs"]
    np.testing.assert_array_equal(np.float32(output["data"]), classifier.scores(classifier.decode(THREE)))
    assert serving_error_in(client.post(f"{model}/infer", json={}))[0] == 400


def test_own_routes(digits_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Routes that are the function's own stay what they are."""
    client = container(monkeypatch, digits_model, "/health", "/")
    assert client.get("/health").get_json() == {"status": "ok"}
    assert client.get("/").get_json()["model"]["name"] == "digits"
    assert client.post("/?top_k=1", data=THREE).get_json()["predictions"][0]["label"] == "3"


def test_other_models_stay_unknown(digits_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A route with another name answers for that name, not for every one."""
    client = container(monkeypatch, digits_model, "/v1/models/pets", "/v1/models/pets:predict")
    assert serving_error_in(client.get("/v1/models/cats"))[0] == 404
