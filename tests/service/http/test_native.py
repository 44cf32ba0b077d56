"""The `classify` function as its callers see it, through the real framework."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import flask
import onnx
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image
from werkzeug.test import EnvironBuilder
from werkzeug.test import TestResponse as Answer

from predictor import Classifier, Limits, ModelInfo, runtime
from service import http
from settings import HttpSettings, Settings
from storage.client import Storage
from tests.backfill.models import with_independent_labels
from tests.service.http.requests import (
    JSON,
    PREDICT,
    ROOT,
    SEVEN,
    TEXT,
    THREE,
    error_in,
    form,
    instance,
    new_client,
    serving_error_in,
)

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
NO_IMAGE = "This is text, not an image in one of the formats JPEG, PNG, GIF, BMP, WEBP."
WRONG_SHAPE = 'instances[0] is not of the form {"image_bytes": {"b64": "…"}, "key": "…"}.'
NOT_SET_UP = "The function is not set up as it should be; the log says more."
NO_OBJECT = "The body is not a JSON object."
NO_INSTANCES = 'The JSON body needs a list "instances" with at least one element.'


def half_a_jpeg() -> bytes:
    """A photograph whose upload broke off."""
    file = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(file, "JPEG")
    return file.getvalue()[: file.tell() // 2]


# Each with the status and the sentence that it gets.
BAD_IMAGES = {
    "text": (TEXT, 415, NO_IMAGE),
    "empty": (b"", 400, "The file is empty."),
    "truncated": (half_a_jpeg(), 400, "The JPEG is cut off before its end."),
}
bad_image = pytest.mark.parametrize(("data", "status", "sentence"), BAD_IMAGES.values(), ids=BAD_IMAGES.keys())


def model_of(classifier: Classifier) -> dict[str, str]:
    return {"name": classifier.info.name, "version": classifier.info.version}


def predictions_of(classifier: Classifier, data: bytes, top_k: int | None = None) -> list[dict[str, object]]:
    return [asdict(prediction) for prediction in classifier.classify(data, top_k)]


def labels_in(answer: Answer) -> list[str]:
    """The labels of an answer to one picture, in their order."""
    assert answer.status_code == 200, answer.text
    return [prediction["label"] for prediction in answer.get_json()["predictions"]]


def post_chunked(client: FlaskClient, data: bytes) -> Answer:
    """Send a body whose length is not said in advance."""
    return client.post(
        "/",
        input_stream=io.BytesIO(data),
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )


# A picture as the body


@pytest.mark.parametrize(
    "content_type",
    [
        "image/png",
        "image/jpeg",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "text/plain",
        "?",
        None,
    ],
)
def test_body(client: FlaskClient, classifier: Classifier, content_type: str | None) -> None:
    """A picture as the body gets all labels by falling score, whatever the content type claims."""
    answer = client.post("/", data=THREE, content_type=content_type)
    assert answer.mimetype == JSON
    assert answer.get_json() == {"predictions": predictions_of(classifier, THREE), "model": model_of(classifier)}
    assert labels_in(answer)[0] == "3"


def test_chunked_body(client: FlaskClient) -> None:
    """A body that comes in chunks is classified like any other."""
    assert labels_in(post_chunked(client, THREE))[0] == "3"


@pytest.mark.parametrize(("top_k", "count"), [("1", 1), ("3", 3), ("10", 10), ("1000", 10), ("9" * 18, 10)])
def test_top_k(client: FlaskClient, classifier: Classifier, top_k: str, count: int) -> None:
    """`top_k` gives the best so many labels, or all where there are no more."""
    answer = client.post(f"/?top_k={top_k}", data=THREE)
    assert answer.get_json()["predictions"] == predictions_of(classifier, THREE)[:count]


def test_min_score(client: FlaskClient, classifier: Classifier) -> None:
    """`min_score` leaves out the labels below it, not the one that has it."""
    second = classifier.classify(THREE)[1]
    answer = client.post("/", query_string={"min_score": repr(second.score)}, data=THREE)
    assert labels_in(answer) == ["3", second.label]


def test_scores_below_zero(negative_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `min_score` labels come where every score is below zero, as logits may be."""
    monkeypatch.setenv("MODEL", str(negative_model))
    assert len(labels_in(new_client().post("/?top_k=2", data=THREE))) == 2


@pytest.mark.parametrize(("query", "labels"), [("min_score=2", []), ("min_score=-1&top_k=1", ["3"])])
def test_extreme_min_score(client: FlaskClient, query: str, labels: list[str]) -> None:
    """A `min_score` beyond all scores leaves no label, one below all of them every label."""
    assert labels_in(client.post(f"/?{query}", data=THREE)) == labels


@pytest.mark.parametrize("top_k", ["0", "-1", "1.5", "three", "", " 1", "²", "9" * 5000], ids=lambda value: value[:5])
def test_bad_top_k(client: FlaskClient, top_k: str) -> None:
    """A `top_k` that counts nothing is refused with its value."""
    answer = client.post("/", query_string={"top_k": top_k}, data=THREE)
    assert error_in(answer) == (400, f"top_k is {top_k[:20]!r}, not a whole number above zero.")


@pytest.mark.parametrize("min_score", ["", "half", "50%", "nan"])
def test_bad_min_score(client: FlaskClient, min_score: str) -> None:
    """A `min_score` that is no number is refused with its value."""
    answer = client.post("/", query_string={"min_score": min_score}, data=THREE)
    assert error_in(answer) == (400, f"min_score is {min_score!r}, not a number.")


# A form


def test_form_with_one_file(client: FlaskClient) -> None:
    """A form with one file under any field name, among other fields, is answered like the bare picture."""
    answer = client.post("/?top_k=2", **form(("comment", "mine"), ("any name", ("3.png", THREE))))
    assert answer.get_json() == client.post("/?top_k=2", data=THREE).get_json()


def test_form_with_several_files(client: FlaskClient, classifier: Classifier) -> None:
    """Several files get a result each, in their order and by name; a bad one does not spoil the others."""
    files = form(("a", ("3.png", THREE)), ("b", ("list ü.txt", TEXT)), ("a", ("7.png", SEVEN)))
    answer = client.post("/?top_k=1", **files)
    error = {"code": 415, "status": "INVALID_ARGUMENT", "message": NO_IMAGE}
    assert answer.status_code == 200
    assert answer.get_json() == {
        "results": [
            {"file": "3.png", "predictions": predictions_of(classifier, THREE, 1)},
            {"file": "list ü.txt", "error": error},
            {"file": "7.png", "predictions": predictions_of(classifier, SEVEN, 1)},
        ],
        "model": model_of(classifier),
    }


@pytest.mark.parametrize(
    ("body", "content_type", "sentence"),
    [
        (b"--x--\r\n", "multipart/form-data; boundary=x", "The form holds no file."),
        (
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\ntext\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            "The form holds no file.",
        ),
        (THREE, "multipart/form-data", "The form cannot be read: Missing boundary."),
    ],
    ids=["empty", "fields only", "no boundary"],
)
def test_form_without_file(client: FlaskClient, body: bytes, content_type: str, sentence: str) -> None:
    """A form without a file is refused with the reason."""
    assert error_in(client.post("/", data=body, content_type=content_type)) == (400, sentence)


def test_form_that_breaks_off(client: FlaskClient) -> None:
    """A form that ends within a file is refused, not classified in part."""
    body = b'--x\r\nContent-Disposition: form-data; name="a"; filename="3.png"\r\n\r\n' + THREE
    status, sentence = error_in(client.post("/", data=body, content_type="multipart/form-data; boundary=x"))
    assert status == 400
    assert sentence.startswith("The form cannot be read: ")


# JSON instances


@pytest.mark.parametrize("path", ["/", PREDICT, "/v1/models/digits:predict"])
def test_instances(client: FlaskClient, classifier: Classifier, path: str) -> None:
    """Instances get all labels in the model's own order, in the order they were sent, each with its key."""
    instances = [instance(SEVEN, key="zwei ü"), instance(THREE), instance(THREE, key="")]
    answer = client.post(path, json={"instances": instances})
    labels = list(classifier.info.labels)
    seven, three = (classifier.scores(classifier.decode(data)).tolist() for data in (SEVEN, THREE))
    assert answer.get_json() == {
        "predictions": [
            {"labels": labels, "scores": seven, "key": "zwei ü"},
            {"labels": labels, "scores": three},
            {"labels": labels, "scores": three, "key": ""},
        ]
    }


def test_instances_of_any_content_type(client: FlaskClient) -> None:
    """TensorFlow Serving's route reads JSON whatever the content type claims, as curl's -d sends it."""
    body = json.dumps({"instances": [instance(THREE)]})
    answer = client.post(PREDICT, data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200


def test_key_that_is_no_text(client: FlaskClient) -> None:
    """A key comes back as it was sent, even half a surrogate pair, which UTF-8 has no bytes for."""
    answer = client.post("/", json={"instances": [instance(THREE, key="\ud800")]})
    assert answer.get_json()["predictions"][0]["key"] == "\ud800"


def test_unknown_model(client: FlaskClient) -> None:
    """Another model's name is a 404 in TensorFlow Serving's shape, which says what there is."""
    answer = client.post("/v1/models/flowers:predict", json={"instances": [instance(THREE)]})
    assert serving_error_in(answer) == (404, "There is no model 'flowers' here; there is 'default'.")


BAD_DOCUMENTS = {
    "no JSON": (b"{'instances'}", "The body is not valid JSON: Expecting property name enclosed in double quotes"),
    "no body": (b"", "The body is not valid JSON: Expecting value"),
    "no UTF-8": (b'{"\xff": 1}', "The body is not valid JSON: 'utf-8' codec can't decode byte 0xff"),
    "too deep": (b"[" * 3000, "The body is not valid JSON: maximum recursion depth exceeded"),
    "no object": (b"[]", NO_OBJECT),
    "missing": (b"{}", NO_INSTANCES),
    "empty": (b'{"instances": []}', NO_INSTANCES),
    "no list": (b'{"instances": {"image_bytes": {"b64": ""}}}', NO_INSTANCES),
    "text": (b'{"instances": ["AAAA"]}', WRONG_SHAPE),
    "null": (b'{"instances": [null]}', WRONG_SHAPE),
    "list": (b'{"instances": [[]]}', WRONG_SHAPE),
    "other fields": (b'{"instances": [{"picture": "AAAA"}]}', WRONG_SHAPE),
    "bare base64": (b'{"instances": [{"image_bytes": "AAAA"}]}', WRONG_SHAPE),
    "number": (b'{"instances": [{"image_bytes": {"b64": 1}}]}', "instances[0] is not a string of base64."),
    "length": (b'{"instances": [{"image_bytes": {"b64": "AAAAA"}}]}', "instances[0] holds no valid base64: "),
    "signs": (b'{"instances": [{"image_bytes": {"b64": "%%%%"}}]}', "instances[0] holds no valid base64: "),
    "umlaut": ('{"instances": [{"image_bytes": {"b64": "ä"}}]}'.encode(), "instances[0] holds no valid base64: "),
    "empty image": (b'{"instances": [{"image_bytes": {"b64": ""}}]}', "instances[0]: The file is empty."),
}


@pytest.mark.parametrize(("body", "sentence"), BAD_DOCUMENTS.values(), ids=BAD_DOCUMENTS.keys())
def test_bad_document(client: FlaskClient, body: bytes, sentence: str) -> None:
    """JSON that holds no pictures is a 400 that says what is wrong, in the shape of the route that was asked."""
    status, said = error_in(client.post("/", data=body, content_type=JSON))
    assert (status, said[: len(sentence)]) == (400, sentence)
    assert serving_error_in(client.post(PREDICT, data=body)) == (status, said)


@bad_image
def test_bad_instance(client: FlaskClient, data: bytes, status: int, sentence: str) -> None:
    """A picture that cannot be classified is an error that says which instance it was."""
    answer = client.post("/", json={"instances": [instance(THREE), instance(data)]})
    assert error_in(answer) == (status, f"instances[1]: {sentence}")


# Pictures that cannot be classified


@bad_image
def test_bad_body(client: FlaskClient, data: bytes, status: int, sentence: str) -> None:
    """A body that is no whole picture gets a status that says whose fault it is, and a sentence."""
    assert error_in(client.post("/", data=data)) == (status, sentence)


@bad_image
def test_bad_file(client: FlaskClient, data: bytes, status: int, sentence: str) -> None:
    """The only file of a form is answered like the bare picture when it is bad, too."""
    assert error_in(client.post("/", **form(("a", ("a.jpg", data))))) == (status, sentence)


@pytest.fixture
def limited(digits_model: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A function that takes the picture of a 3, and nothing larger."""
    width, height = Image.open(io.BytesIO(THREE)).size
    monkeypatch.setenv("MODEL", str(digits_model))
    monkeypatch.setenv("MAX_BYTES", str(len(THREE)))
    monkeypatch.setenv("MAX_PIXELS", str(width * height))
    return new_client()


def test_at_the_limits(limited: FlaskClient) -> None:
    """A picture with as many bytes and pixels as are accepted is classified."""
    assert labels_in(limited.post("/", data=THREE))[0] == "3"
    assert labels_in(post_chunked(limited, THREE))[0] == "3"


def test_default_limits() -> None:
    """Without settings the function takes what the package takes, pictures of usual 64 megapixels among them."""
    limits = Settings.from_environ({"MODEL": "model.onnx"}).limits
    assert limits == Limits()
    limits.check_pixels(9248, 6936)


def test_too_many_pixels(limited: FlaskClient) -> None:
    """A picture of more than MAX_PIXELS is a 413 that says both numbers."""
    small_file = io.BytesIO()
    Image.new("1", (1000, 1000)).save(small_file, "PNG")
    status, sentence = error_in(limited.post("/", data=small_file.getvalue()))
    assert status == 413
    assert sentence.startswith("The picture has 1000 x 1000 pixels; at most ")


@pytest.mark.parametrize(
    "send", [lambda client, data: client.post("/", data=data), post_chunked], ids=["plain", "chunked"]
)
def test_too_many_bytes(limited: FlaskClient, send: Any) -> None:
    """A body of more than MAX_BYTES is a 413 that says how much is accepted."""
    sentence = f"The request is too large; at most {len(THREE):,} bytes are accepted."
    assert error_in(send(limited, THREE + b"\0")) == (413, sentence)


# The page, the description, the health check


@pytest.mark.parametrize("accept", [JSON, "*/*", None])
def test_description(client: FlaskClient, classifier: Classifier, accept: str | None) -> None:
    """Who asks for JSON, or for anything, hears what the model is and what is accepted."""
    answer = client.get("/", headers={"Accept": accept} if accept else {})
    info = classifier.info
    assert info.parity is not None
    assert answer.headers["Vary"] == "Accept"
    assert answer.get_json() == {
        "model": model_of(classifier),
        "labels": list(info.labels),
        "activation": "softmax",
        "preprocessing": list(info.preprocessing),
        "parity": asdict(info.parity),
        "quantization": None,
        "decision": None,
        "given": {"at_most": 1, "min_score": None},
        "drawing": "white-on-black",
        "assumed": list(info.assumed),
        "tools": info.tools,
        "runtime": runtime.versions(),
        "limits": {"max_bytes": 32 * 1024 * 1024, "max_pixels": Limits.max_pixels, "max_instances": 100},
    }


def test_given_of_several(
    digits_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Of labels that do not exclude each other the description says when they are given, and the log which."""
    model = with_independent_labels(digits_model, tmp_path / "model.onnx")
    found = Classifier.load(model).classify(THREE)
    caplog.set_level(logging.INFO)
    for min_score, least in (("", 0.5), ("0.55", 0.55)):
        monkeypatch.setenv("MODEL", str(model))
        monkeypatch.setenv("MIN_SCORE", min_score)
        client = new_client()
        assert client.get("/").get_json()["given"] == {"at_most": None, "min_score": least}
        assert len(client.post("/", data=THREE).get_json()["predictions"]) == len(found)
        wanted = [one.label for one in found if one.score >= least]
        assert 1 < len(wanted) < len(found)
        assert caplog.records[-1].__dict__["pictures"][0]["label"] == ", ".join(wanted)


def assert_is_page(answer: Answer) -> None:
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert answer.headers["Vary"] == "Accept"
    assert answer.text == (ROOT / "service" / "http" / "page.html").read_text(encoding="utf-8")


def test_page(client: FlaskClient) -> None:
    """A browser gets the page."""
    assert_is_page(client.get("/", headers={"Accept": BROWSER}))


def test_endless_accept(client: FlaskClient) -> None:
    """An Accept that no browser sends is not taken apart."""
    assert client.get("/", headers={"Accept": "text/html," * 500}).mimetype == JSON


def test_page_without_model() -> None:
    """The page does not need the model: it says itself what is missing."""
    assert_is_page(new_client().get("/", headers={"Accept": BROWSER}))


def test_healthy(client: FlaskClient) -> None:
    """A function that can classify says so."""
    answer = client.get("/health")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_head(client: FlaskClient) -> None:
    """HEAD is answered like GET, without the body."""
    answer = client.head("/health")
    assert (answer.status_code, answer.mimetype, answer.data) == (200, JSON, b"")


# A model that is not there


def assert_unavailable(client: FlaskClient, sentence: str) -> None:
    """Every route that needs the model answers 503 with the sentence."""
    for answer in (client.get("/health"), client.get("/"), client.post("/", data=THREE)):
        assert error_in(answer) == (503, sentence)
    assert serving_error_in(client.post(PREDICT, json={"instances": [instance(THREE)]})) == (503, sentence)


def test_unset_model(caplog: pytest.LogCaptureFixture) -> None:
    """Without MODEL the function says that it is not set up, and the log which setting is missing."""
    assert_unavailable(new_client(), NOT_SET_UP)
    assert "MODEL is not set: it names the path or gs:// address of a model.onnx" in caplog.text


def test_bad_setting(digits_model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A setting that cannot be used is named in the log only, with its value."""
    monkeypatch.setenv("MODEL", str(digits_model))
    monkeypatch.setenv("MAX_BYTES", "secret")
    assert_unavailable(new_client(), NOT_SET_UP)
    assert "MAX_BYTES is 'secret', not a whole number above zero" in caplog.text


@pytest.mark.parametrize("content", [None, b"", TEXT], ids=["missing", "empty", "no model"])
def test_bad_model(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that is missing, or no model, is a 503; its path is in the log only."""
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("MODEL", str(path))
    assert_unavailable(new_client(), "The model could not be loaded; the log says why.")
    assert str(path) in caplog.text


def described(model: Path, path: Path, **tools: str) -> Path:
    """A copy of a model file that says it was verified with other versions."""
    copy = onnx.load(model)
    (entry,) = copy.metadata_props
    info = ModelInfo.from_json(entry.value)
    entry.value = replace(info, tools=info.tools | tools).to_json()
    onnx.save(copy, path)
    return path


def test_other_runtime(
    digits_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A function that runs other versions than parity was measured with says so once, and at GET / shows both."""
    monkeypatch.setenv("MODEL", str(described(digits_model, tmp_path / "model.onnx", onnxruntime="1.2.3")))
    client = new_client()
    for _ in range(2):
        shown = client.get("/").get_json()
    here = runtime.versions()["onnxruntime"]
    assert (shown["tools"]["onnxruntime"], shown["runtime"]["onnxruntime"]) == ("1.2.3", here)
    assert caplog.text.count(f"onnxruntime {here} (verified with 1.2.3)") == 1


def test_same_runtime(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """A function that runs the very versions says nothing."""
    assert client.get("/health").status_code == 200
    assert "verified with" not in caplog.text


def test_model_that_appears(digits_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the file is there, the next request is answered."""
    path = tmp_path / "model.onnx"
    monkeypatch.setenv("MODEL", str(path))
    client = new_client()
    assert client.post("/", data=THREE).status_code == 503
    path.write_bytes(digits_model.read_bytes())
    assert labels_in(client.post("/", data=THREE))[0] == "3"


# Other routes, other methods, other faults


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/", "GET, HEAD, POST"),
        ("DELETE", "/", "GET, HEAD, POST"),
        ("OPTIONS", "/", "GET, HEAD, POST"),
        ("POST", "/health", "GET, HEAD"),
    ],
)
def test_wrong_method(client: FlaskClient, method: str, path: str, allowed: str) -> None:
    """A method that a route does not have is a 405 that lists those it has."""
    answer = client.open(path, method=method)
    assert error_in(answer) == (405, f"{method} is not possible here; possible: {allowed}.")
    assert answer.headers["Allow"] == allowed


def test_wrong_method_of_serving(client: FlaskClient) -> None:
    """TensorFlow Serving's route has its own error shape here, too."""
    answer = client.get(PREDICT)
    assert serving_error_in(answer) == (405, "GET is not possible here; possible: POST.")
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("path", ["/nothing", "/health/", "/v1/models", "/%3Cb%3E"])
def test_unknown_route(client: FlaskClient, path: str) -> None:
    """A route that does not exist is a 404 with its name, needing no model."""
    name = path.replace("%3C", "<").replace("%3E", ">")
    assert error_in(client.get(path)) == (404, f"There is nothing at {name}.")


def test_fault(caplog: pytest.LogCaptureFixture) -> None:
    """A fault of ours is a 500 whose details are in the log only."""
    request = flask.Request(EnvironBuilder(method="POST", data=THREE).get_environ())
    settings = HttpSettings.from_environ({})
    broken = http.Resources(lambda: settings, lambda: cast(Classifier, "no classifier"), lambda: cast(Storage, None))
    answer = cast(Answer, http.answer(request, broken))
    assert error_in(answer) == (500, "Something went wrong here; the log says what.")
    assert "AttributeError: 'str' object has no attribute 'limits'" in caplog.text


# Anything at all

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.just(instance(THREE)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["instances", "image_bytes", "b64", "key"]) | st.text(), inner, max_size=3)
    ),
)
documents = json_values | st.builds(lambda value: {"instances": [value]}, json_values)
broken_pictures = st.builds(
    lambda picture, place, byte: picture[:place] + bytes([byte]) + picture[place + 1 :],
    st.sampled_from([THREE, half_a_jpeg()]),
    st.integers(0, len(THREE)),
    st.integers(0, 255),
)
parts = st.lists(
    st.sampled_from([b"--x", b"--", b"\r\n", b'Content-Disposition: form-data; name="a"; filename="b"', THREE])
    | st.binary(max_size=20),
    max_size=12,
).map(b"".join)
bodies = st.binary() | parts | broken_pictures | documents.map(lambda value: json.dumps(value).encode())
content_types = st.sampled_from(
    [None, JSON, "image/png", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
paths = st.sampled_from(["/", PREDICT, "/?top_k=2&min_score=0.5"])


@given(path=paths, content_type=content_types, body=bodies)
@example(path="/", content_type=JSON, body=json.dumps({"instances": [instance(THREE, key="\ud800")]}).encode())
@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes(client: FlaskClient, path: str, content_type: str | None, body: bytes) -> None:
    """Whatever is sent, the answer is JSON, and no fault of ours."""
    answer = client.post(path, data=body, content_type=content_type)
    assert answer.mimetype == JSON
    assert isinstance(answer.get_json(), dict)
    assert answer.status_code < 500
