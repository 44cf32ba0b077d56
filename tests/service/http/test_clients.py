"""Requests as clients really send them."""

from __future__ import annotations

import base64
import gzip
import json
import random
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from tritonclient import http as triton  # type: ignore[import-untyped]

from results.errors import RequestError
from service.http import compression, encoded
from tests.service.http.requests import JSON, PREDICT, SEVEN, TEXT, THREE, base64_of, error_in, form, serving_error_in
from tests.service.http.test_open_inference import pictures

ENDPOINT = "/v1/projects/my-project/locations/us-central1/endpoints/1234567890"


def label_in(answer: Any) -> str:
    """The best label, in the own protocol and in Vertex AI's."""
    assert answer.status_code == 200, answer.text
    (best, *_) = answer.get_json()["predictions"]
    label: str = best["label"] if "label" in best else best["displayNames"][0]
    return label


# Base64

WRITTEN: dict[str, Callable[[bytes], str]] = {
    "as usual": base64_of,
    "unpadded": lambda data: base64_of(data).rstrip("="),
    "in lines": lambda data: base64.encodebytes(data).decode(),
    "in lines of Windows": lambda data: base64.encodebytes(data).decode().replace("\n", "\r\n"),
    "for addresses": lambda data: base64.urlsafe_b64encode(data).decode(),
    "for addresses, unpadded": lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
    "after data:": lambda data: f"data:image/png;base64,{base64_of(data)}",
    "after data: with parameters": lambda data: f"DATA:image/png;name=a.png;Base64,{base64_of(data)}",
    "after data: without type": lambda data: f"data:;base64,{base64.urlsafe_b64encode(data).decode().rstrip('=')}\n",
}
written = pytest.mark.parametrize("write", WRITTEN.values(), ids=WRITTEN.keys())


@given(st.binary(), st.sampled_from(list(WRITTEN)))
def test_base64(data: bytes, way: str) -> None:
    """In whichever way bytes are written, the same bytes are read."""
    assert encoded.decode(WRITTEN[way](data), "here") == data


def read(text: str) -> bytes | None:
    """What a text encodes; None where it is refused."""
    try:
        return encoded.decode(text, "here")
    except RequestError:
        return None


@given(st.text(st.sampled_from("AQgw+/-_= \n\r\tä%:"), max_size=12))
def test_any_text(text: str) -> None:
    """Any text is refused, or read as Python's own module reads it in the usual alphabet, in one piece and padded."""
    signs = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        expected = base64.b64decode(signs + "=" * (-len(signs) % 4), validate=True)
    except ValueError:
        assert read(text) is None
    else:
        assert read(text) in (expected, None)


@pytest.mark.parametrize(
    "text",
    ["A", "AAAAA", "AAA===", "AA=A", "=", "====", "AAAA%", "https://a.example/b", "data:image/png,AAAA", "data:AAAA"],
)
def test_broken_base64(text: str) -> None:
    """What is cut off, padded in the middle, or something else altogether is refused."""
    with pytest.raises(RequestError, match=r"^here holds no valid base64: "):
        encoded.decode(text, "here")


@written
@pytest.mark.parametrize(
    ("path", "make"),
    [
        (PREDICT, lambda text: {"instances": [{"b64": text}]}),
        (PREDICT, lambda text: {"instances": [{"image_bytes": {"b64": text}}]}),
        (PREDICT, lambda text: {"inputs": {"image_bytes": [{"b64": text}]}}),
        (f"{ENDPOINT}:predict", lambda text: {"instances": [{"content": text}]}),
        ("/v1/models/default:classify", lambda text: {"examples": [{"x": {"b64": text}}]}),
        (
            "/v2/models/default/infer",
            lambda text: {"inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", "data": [text]}]},
        ),
    ],
)
def test_base64_everywhere(
    client: FlaskClient, path: str, make: Callable[[str], Any], write: Callable[[bytes], str]
) -> None:
    """Each protocol reads base64 in each of the ways."""
    answer = client.post(path, json=make(write(SEVEN)))
    assert answer.status_code == 200, answer.text


# Compressed bodies

PACKED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "its old name": ("x-gzip", gzip.compress),
    "capitals": (" GZIP ", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "in members": ("gzip", lambda data: gzip.compress(data[:9]) + gzip.compress(b"") + gzip.compress(data[9:])),
    "identity": ("identity", bytes),
    "identity and gzip": ("identity, gzip", gzip.compress),
}
packed = pytest.mark.parametrize(("coding", "pack"), PACKED.values(), ids=PACKED.keys())


@packed
def test_compressed(client: FlaskClient, coding: str, pack: Callable[[bytes], bytes]) -> None:
    """A compressed body is unpacked, whatever it is: a picture, a form, JSON."""
    headers = {"Content-Encoding": coding}
    sent = form(("a", ("3.png", THREE)))
    document = json.dumps({"instances": [{"content": base64_of(THREE)}]}).encode()
    assert label_in(client.post("/", data=pack(THREE), headers=headers)) == "3"
    assert label_in(client.post("/", **(sent | {"data": pack(sent["data"])}), headers=headers)) == "3"
    assert label_in(client.post("/", data=pack(document), headers=headers)) == "3"


@pytest.fixture(scope="module")
def triton_client(http_server: str) -> Iterator[Any]:
    client = triton.InferenceServerClient(http_server.removeprefix("http://"))
    yield client
    client.close()


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
@pytest.mark.parametrize("binary", [True, False])
def test_compression_of_triton(triton_client: Any, algorithm: str, binary: bool) -> None:
    """Triton's own client may compress its requests, of JSON and of binary tensors."""
    output = triton.InferRequestedOutput("scores", class_count=1)
    asked = {"outputs": [output], "request_compression_algorithm": algorithm}
    (found,) = triton_client.infer("digits", pictures(THREE, binary=binary), **asked).as_numpy("scores").ravel()
    assert found.decode().endswith(":3:3")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 3 * compression.CHUNK), st.integers(1, 4000), st.sampled_from([0, 9]), st.booleans())
def test_unpacked(size: int, piece: int, level: int, is_noise: bool) -> None:
    """However it is packed and in whichever pieces it comes, the same bytes come out, at most a chunk at a time."""
    data = random.Random(size).randbytes(size) if is_noise else bytes(size)
    body = gzip.compress(data, level)
    pieces = (body[place : place + piece * 100] for place in range(0, len(body), piece * 100))
    chunks = list(compression.unpacked(pieces, "gzip"))
    assert b"".join(chunks) == data
    assert max(map(len, chunks)) <= compression.CHUNK


@pytest.mark.parametrize(
    ("body", "coding", "status"),
    [
        (THREE, "gzip", 415),
        (gzip.compress(THREE)[:-1], "gzip", 400),
        (gzip.compress(THREE)[:-8] + bytes(8), "gzip", 400),
        (gzip.compress(THREE) + b"more", "gzip", 400),
        (gzip.compress(b"") * 101, "gzip", 400),
        (gzip.compress(THREE), "br", 415),
        (gzip.compress(gzip.compress(THREE)), "gzip, gzip", 415),
        (gzip.compress(bytes(40 << 20)), "gzip", 413),
        (gzip.compress(TEXT), "gzip", 415),
    ],
    ids=["no gzip", "cut off", "wrong sum", "more", "members", "other", "twice", "bomb", "no picture"],
)
def test_badly_compressed(client: FlaskClient, body: bytes, coding: str, status: int) -> None:
    """What is not whole, not what it says, or larger than is accepted once unpacked, is refused."""
    assert error_in(client.post("/", data=body, headers={"Content-Encoding": coding}))[0] == status


def test_other_encodings_of_nothing(client: FlaskClient) -> None:
    """A request without a body that names an encoding is answered, if that is one that is unpacked."""
    assert client.get("/health", headers={"Content-Encoding": "gzip"}).status_code == 200
    assert client.get("/health", headers={"Content-Encoding": "br"}).status_code == 415


# JSON without its type, query parameters


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "image/png", "?"])
@pytest.mark.parametrize("before", [b"", b" \r\n\t", b"\xef\xbb\xbf"], ids=["", "space", "mark"])
def test_json_of_any_type(client: FlaskClient, content_type: str | None, before: bytes) -> None:
    """A body that begins as a JSON object is read as one, whatever its type, as curl's -d sends it."""
    document = before + json.dumps({"instances": [{"content": base64_of(THREE)}]}).encode()
    assert label_in(client.post("/", data=document, content_type=content_type)) == "3"


def test_broken_json_of_any_type(client: FlaskClient) -> None:
    """What only begins so is no picture."""
    status, sentence = error_in(client.post("/", data=b"{milk, eggs", content_type="text/plain"))
    assert (status, sentence[:28]) == (400, "The body is not valid JSON: ")


@pytest.mark.parametrize("name", ["topk", "top-k", "Top_k", "k", "keys", "min_scores", "x" * 500, ""])
def test_unknown_parameter(client: FlaskClient, name: str) -> None:
    """A query parameter that would be passed over is refused by its name, beside those that there are."""
    sentence = f"There is no query parameter {name[:20]!r} here; there are top_k and min_score."
    for arguments in ({"data": THREE}, form(("a", ("3.png", THREE))), {"json": {"gcs_uri": "gs://photos/3.png"}}):
        assert error_in(client.post("/", query_string={name: "3"}, **arguments)) == (400, sentence)


@pytest.mark.parametrize("name", ["$alt", "$.xgafv", "_", "_dc", "key"])
def test_parameters_of_gateways(client: FlaskClient, name: str) -> None:
    """Parameters that Google's clients and gateways add to any address pass."""
    answer = client.post("/", query_string={name: "json;enum-encoding=int", "top_k": "1"}, data=THREE)
    assert label_in(answer) == "3"


def test_parameter_that_is_given_twice(client: FlaskClient) -> None:
    """Of two values none is chosen silently."""
    assert error_in(client.post("/?top_k=1&top_k=2", data=THREE)) == (
        400,
        "The query parameter top_k is given 2 times.",
    )


def test_long_score(client: FlaskClient) -> None:
    """A score of more digits than one has is none."""
    assert error_in(client.post(f"/?min_score=0.{'1' * 1000}", data=THREE))[0] == 400


# Raw predictions of Vertex AI


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_raw_prediction(client: FlaskClient, version: str) -> None:
    """At an endpoint's path a raw picture is answered, and so are a form and JSON, with the parameters of clients."""
    path = f"{ENDPOINT.replace('v1', version)}:rawPredict?$alt=json;enum-encoding=int"
    assert label_in(client.post(path, data=THREE, content_type="image/png")) == "3"
    assert label_in(client.post(path, **form(("a", ("3.png", THREE))))) == "3"
    answer = client.post(path, json={"instances": [{"content": base64_of(THREE)}]})
    assert label_in(answer) == "3"
    assert answer.get_json()["model"] == "projects/my-project/locations/us-central1/models/digits"


def test_prediction_of_a_raw_picture(client: FlaskClient) -> None:
    """`:predict` takes instances alone, as it does on Vertex AI."""
    assert error_in(client.post(f"{ENDPOINT}:predict", data=THREE))[0] == 400
    assert serving_error_in(client.post(PREDICT, data=THREE, content_type=JSON))[0] == 400
