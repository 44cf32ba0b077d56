"""TensorFlow Serving's REST API, and the AutoML Edge container's use of it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from predictor import Classifier
from tests.service.http.requests import SEVEN, TEXT, THREE, base64_of, instance, serving_error_in

MODEL = "/v1/models/digits"


def scores_of(classifier: Classifier, data: bytes) -> list[float]:
    scores: list[float] = classifier.scores(classifier.decode(data)).tolist()
    return scores


def version_of(classifier: Classifier) -> str:
    return str(int(classifier.info.version, 16))


def bare(data: bytes) -> dict[str, str]:
    return {"b64": base64_of(data)}


def test_status(client: FlaskClient, classifier: Classifier) -> None:
    """The one version is a whole number, and available."""
    status = {"error_code": "OK", "error_message": ""}
    version = version_of(classifier)
    for path in (MODEL, f"{MODEL}/versions/{version}", "/v1/models/default"):
        answer = client.get(path).get_json()
        assert answer == {"model_version_status": [{"version": version, "state": "AVAILABLE", "status": status}]}


def test_metadata(client: FlaskClient, classifier: Classifier) -> None:
    """The signature has TensorFlow Serving's form: any number of image files in, a score for every class out."""
    answer = client.get(f"{MODEL}/metadata").get_json()
    assert answer["model_spec"] == {"name": "digits", "signature_name": "", "version": version_of(classifier)}
    signature = answer["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["image_bytes"]["dtype"] == "DT_STRING"
    assert [one["size"] for one in signature["outputs"]["scores"]["tensor_shape"]["dim"]] == ["-1", "10"]


def test_bare_rows(client: FlaskClient, classifier: Classifier) -> None:
    """Bare instances get bare rows of scores."""
    answer = client.post(f"{MODEL}:predict", json={"signature_name": "serving_default", "instances": [bare(THREE)]})
    assert answer.get_json() == {"predictions": [scores_of(classifier, THREE)]}


@pytest.mark.parametrize("with_key", [True, False])
def test_columns(client: FlaskClient, classifier: Classifier, with_key: bool) -> None:
    """Named columns are answered in columns, keys among them if they were sent."""
    keys = {"key": ["a", "b"]} if with_key else {}
    answer = client.post(f"{MODEL}:predict", json={"inputs": {"image_bytes": [bare(SEVEN), bare(THREE)], **keys}})
    labels, scores = list(classifier.info.labels), [scores_of(classifier, data) for data in (SEVEN, THREE)]
    assert answer.get_json() == {"outputs": {"labels": [labels, labels], "scores": scores, **keys}}


def test_bare_column(client: FlaskClient, classifier: Classifier) -> None:
    """A bare column is answered by a bare column."""
    answer = client.post(f"{MODEL}:predict", json={"inputs": [bare(THREE)]})
    assert answer.get_json() == {"outputs": [scores_of(classifier, THREE)]}


@pytest.mark.parametrize(
    "body",
    [
        {"examples": [{"image_bytes": bare(THREE)}]},
        {"examples": [{"image/encoded": [bare(THREE)], "id": "1"}]},
        {"context": {"image": bare(THREE)}, "examples": [{}]},
    ],
)
def test_classify(client: FlaskClient, classifier: Classifier, body: dict[str, object]) -> None:
    """Examples get pairs of label and score in the model's own order, whatever the feature is called."""
    answer = client.post(f"{MODEL}:classify", json=body)
    pairs = [list(pair) for pair in zip(classifier.info.labels, scores_of(classifier, THREE))]
    assert answer.get_json() == {"result": [pairs]}


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        (f"{MODEL}/versions/7:predict", {}, 404, "There is no version '7' here; there is "),
        (f"{MODEL}:predict", {"signature_name": "x", "instances": [1]}, 400, "There is no signature of that name here"),
        (f"{MODEL}:predict", {"inputs": []}, 400, "inputs is not a list with at least one element."),
        (f"{MODEL}:predict", {"inputs": {"x": []}}, 400, 'inputs needs one column of pictures, "image_bytes"'),
        (f"{MODEL}:predict", {"inputs": [1]}, 400, 'inputs[0] is not of the form {"b64": "…"}.'),
        (f"{MODEL}:predict", {"instances": [bare(THREE), bare(TEXT)]}, 415, "instances[1]: This is text, not an image"),
        (f"{MODEL}:predict", {"instances": [bare(THREE)] * 101}, 413, "The request holds 101 pictures; at most 100 "),
        (f"{MODEL}:classify", {"examples": [{}]}, 400, "examples[0] does not have exactly one feature of the form "),
        (f"{MODEL}:classify", {}, 400, 'The JSON body needs a list "examples" with at least one element.'),
        (f"{MODEL}:regress", {}, 404, "There is nothing at /v1/models/digits:regress."),
    ],
)
def test_errors(client: FlaskClient, path: str, body: dict[str, object], status: int, sentence: str) -> None:
    """What is wrong is said in TensorFlow Serving's shape."""
    said = serving_error_in(client.post(path, json=body))
    assert (said[0], said[1][: len(sentence)]) == (status, sentence)


def test_key_of_any_kind(client: FlaskClient) -> None:
    """A key that is a number or an object comes back as it was sent."""
    instances = [instance(THREE, key=key) for key in (1.5, {"a": [None]}, False)]
    answer = client.post(f"{MODEL}:predict", json={"instances": instances})
    assert [one["key"] for one in answer.get_json()["predictions"]] == [1.5, {"a": [None]}, False]
