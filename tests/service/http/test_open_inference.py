"""The Open Inference Protocol, spoken by Triton's own client and by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from tritonclient import http as triton  # type: ignore[import-untyped]
from tritonclient.utils import InferenceServerException  # type: ignore[import-untyped]

from predictor import Classifier
from tests.service.http.requests import SEVEN, TEXT, THREE, base64_of, serving_error_in

INFER = "/v2/models/digits/infer"


@pytest.fixture(scope="module")
def triton_client(http_server: str) -> Iterator[Any]:
    """Triton's client, connected to a started function."""
    client = triton.InferenceServerClient(http_server.removeprefix("http://"))
    yield client
    client.close()


def pictures(*data: bytes, binary: bool = True) -> list[Any]:
    """The one input, as Triton's client makes it: raw bytes, or for JSON base64."""
    tensor = triton.InferInput("image", [len(data)], "BYTES")
    values = data if binary else tuple(base64_of(one).encode() for one in data)
    tensor.set_data_from_numpy(np.array(values, dtype=object), binary_data=binary)
    return [tensor]


def expected(classifier: Classifier, *data: bytes) -> Any:
    return np.stack([classifier.scores(classifier.decode(one)) for one in data])


def test_ready(triton_client: Any, classifier: Classifier) -> None:
    """Triton's client finds server and model alive and ready, with and without a version."""
    assert triton_client.is_server_live()
    assert triton_client.is_server_ready()
    assert triton_client.is_model_ready("digits")
    assert triton_client.is_model_ready("digits", classifier.info.version)
    assert not triton_client.is_model_ready("flowers")


def test_metadata(triton_client: Any, classifier: Classifier) -> None:
    """Triton's client reads what server and model are."""
    assert "classification" in triton_client.get_server_metadata()["extensions"]
    assert triton_client.get_model_metadata("digits") == {
        "name": "digits",
        "versions": [classifier.info.version],
        "platform": "onnx_onnxv1",
        "inputs": [{"name": "image", "datatype": "BYTES", "shape": [-1]}],
        "outputs": [{"name": "scores", "datatype": "FP32", "shape": [-1, 10]}],
    }


@pytest.mark.parametrize("sent", [True, False], ids=["binary in", "JSON in"])
@pytest.mark.parametrize("asked", [True, False, None], ids=["binary out", "JSON out", "nothing said"])
def test_infer(triton_client: Any, classifier: Classifier, sent: bool, asked: bool | None) -> None:
    """Triton's client gets the scores of every picture, in binary and in JSON, and its own id."""
    outputs = None if asked is None else [triton.InferRequestedOutput("scores", binary_data=asked)]
    result = triton_client.infer("digits", pictures(SEVEN, THREE, binary=sent), outputs=outputs, request_id="a7")
    np.testing.assert_array_equal(result.as_numpy("scores"), expected(classifier, SEVEN, THREE))
    assert result.get_response()["id"] == "a7"
    assert result.get_response()["model_version"] == classifier.info.version


@pytest.mark.parametrize("binary", [True, False])
def test_classification(triton_client: Any, classifier: Classifier, binary: bool) -> None:
    """With Triton's classification extension the best labels come as score, class and label."""
    output = triton.InferRequestedOutput("scores", binary_data=binary, class_count=2)
    result = triton_client.infer("digits", pictures(THREE), outputs=[output]).as_numpy("scores")
    texts = [one.decode() if isinstance(one, bytes) else one for one in result.ravel()]
    best = classifier.classify(THREE, top_k=2)
    labels = classifier.info.labels
    assert result.shape == (1, 2)
    assert texts == [f"{one.score:f}:{labels.index(one.label)}:{one.label}" for one in best]


def test_error_for_triton(triton_client: Any) -> None:
    """Triton's client raises the sentence, which says which picture it was."""
    with pytest.raises(InferenceServerException, match=r"image\[1\]: This is text, not an image"):
        triton_client.infer("digits", pictures(THREE, TEXT))


@pytest.mark.parametrize("shape", [[1], [1, 1], [1, 1, 1]])
def test_by_hand(client: FlaskClient, classifier: Classifier, shape: list[int]) -> None:
    """JSON data may be nested as the shape says."""
    data = [[base64_of(THREE)]] if len(shape) > 1 else [base64_of(THREE)]
    body = {"inputs": [{"name": "image", "shape": shape, "datatype": "BYTES", "data": data}]}
    (output,) = client.post(INFER, json=body).get_json()["outputs"]
    assert output["shape"] == [1, 10]
    np.testing.assert_array_equal(np.float32([output["data"]]), expected(classifier, THREE))


def tensor(**changes: Any) -> dict[str, Any]:
    """A request of one picture, with some fields of its tensor changed."""
    return {"inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", "data": [base64_of(THREE)]} | changes]}


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({}, 400, 'The request needs one input, "image".'),
        (tensor(name="x"), 400, 'The request needs one input, "image" of datatype BYTES.'),
        (tensor(datatype="FP32"), 400, 'The request needs one input, "image" of datatype BYTES.'),
        (tensor(shape=[2]), 400, "shape does not fit the 1 elements of the tensor."),
        (tensor(shape=None), 400, "shape does not fit the 1 elements of the tensor."),
        (tensor(data=[]), 400, "data is not a list of strings of base64."),
        (tensor(data=["%"]), 400, "image[0] holds no valid base64"),
        (tensor(parameters={"binary_data_size": 4}), 400, "binary_data_size of image is not the 0 bytes "),
        (tensor(parameters=1), 400, "parameters is not a JSON object."),
        (tensor() | {"outputs": [{"name": "x"}]}, 400, 'There is one output here, "scores".'),
        (tensor() | {"outputs": [1]}, 400, "outputs is not a list of one or two objects."),
        (tensor() | {"outputs": [{"name": "scores"}] * 3}, 400, "outputs is not a list of one or two objects."),
        (
            tensor() | {"outputs": [{"name": "scores", "parameters": {"classification": "2"}}]},
            400,
            "classification is not a number of classes.",
        ),
        (tensor(shape=[101], data=[""] * 101), 413, "The request holds 101 pictures; at most 100 are accepted."),
    ],
)
def test_errors(client: FlaskClient, body: dict[str, Any], status: int, sentence: str) -> None:
    """What is wrong is said in the protocol's shape."""
    said = serving_error_in(client.post(INFER, json=body))
    assert (said[0], said[1][: len(sentence)]) == (status, sentence)


@pytest.mark.parametrize("length", ["-1", "x", "99", "²", "9" * 5000], ids=lambda value: value[:3])
def test_bad_header_length(client: FlaskClient, length: str) -> None:
    """A length of the JSON that is none, or beyond the body, is refused."""
    answer = client.post(INFER, data=b"{}", headers={"Inference-Header-Content-Length": length.encode("latin-1")})
    assert serving_error_in(answer)[0] == 400


@pytest.mark.parametrize("binary", [b"", b"\x05\0\0\0abc", b"\xff\xff\xff\xff", b"\0"])
def test_bad_binary(client: FlaskClient, binary: bytes) -> None:
    """A binary tensor that ends within an element, or has none, is refused."""
    parameters = {"binary_data_size": len(binary)}
    header = json.dumps({"inputs": [tensor(parameters=parameters)["inputs"][0] | {"data": None}]})
    answer = client.post(
        INFER, data=header.encode() + binary, headers={"Inference-Header-Content-Length": str(len(header))}
    )
    status, sentence = serving_error_in(answer)
    assert status == 400
    assert sentence.startswith("The binary tensor ")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", INFER, 405), ("GET", "/v2/models/flowers", 404), ("GET", "/v2/x", 404)]
)
def test_other_routes(client: FlaskClient, method: str, path: str, status: int) -> None:
    """Other methods, models and paths have the protocol's error shape."""
    assert serving_error_in(client.open(path, method=method))[0] == status
