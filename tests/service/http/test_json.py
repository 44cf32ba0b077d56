"""JSON that is made to do harm: bounded before it is read, in work and in memory."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from results.errors import RequestError
from service.http import json_document, tensors
from service.http.json_document import DEEPEST, LARGE, LONGEST_NUMBER, SEND_FILES
from tests.service.http.requests import JSON, PREDICT, THREE, base64_of, error_in, instance, serving_error_in
from tests.service.http.work import lines_of

INFER = "/v2/models/default/infer"
INSTANCES = 100


def parsed(body: bytes) -> dict[str, Any]:
    return json_document.parse(body, INSTANCES)


def refusal(body: bytes) -> tuple[int, str]:
    """Status and sentence."""
    with pytest.raises(RequestError) as caught:
        parsed(body)
    return caught.value.status, caught.value.message


class Counting(int):
    """A size that counts what is done with all sizes together."""

    done = 0

    def _count(self, *_: object) -> Any:
        Counting.done += 1
        raise AssertionError("sizes are not multiplied")

    __mul__ = __rmul__ = __imul__ = __pow__ = __lshift__ = _count


@pytest.mark.parametrize("shape", [[2, 3], [6], [1, 6, 1], [1] * 1000 + [6], [6, 1]])
def test_shapes(shape: list[int]) -> None:
    """A shape of as many elements as there are fits."""
    tensors.check_shape(shape, 6)


@pytest.mark.parametrize(
    "shape", [[2, 2], [], [0], [-6], [-2, -3], [True, 6], [6.0], ["6"], 6, None, [3, 2, 2], [10**100] * 1000, [7, 6]]
)
def test_other_shapes(shape: Any) -> None:
    """Any other shape does not, whatever is in it."""
    with pytest.raises(RequestError, match="shape does not fit the 6 elements"):
        tensors.check_shape(shape, 6)


@pytest.mark.parametrize("size", [1, 2, 6, 10**4000])
def test_sizes_are_not_multiplied(size: int) -> None:
    """The product of a client's sizes is never made, which would grow with every one of them."""
    lines = {}
    for count in (10, 1000):
        lines[count] = lines_of(lambda count=count: tensors.check_shape([Counting(size)] * count, 6))
    assert Counting.done == 0
    assert lines[1000] <= 110 * lines[10]


@pytest.mark.parametrize("number", ["7" * 101, "-" + "7" * 100, "0." + "1" * 100, "1" * 4300, "1e" + "0" * 100])
def test_long_numbers(number: str) -> None:
    """A number of more characters than any has is not computed, wherever it stands."""
    status, sentence = refusal(f'{{"a": [{{"b": {number}}}]}}'.encode())
    assert (status, f"at most {LONGEST_NUMBER} are accepted" in sentence) == (400, True)


def test_numbers(client: FlaskClient) -> None:
    """Numbers as long as any client's come back as they were sent."""
    keys = [int("7" * LONGEST_NUMBER), -(2**64), 0.1 + 0.2, 1e-300]
    answer = client.post(PREDICT, json={"instances": [instance(THREE, key=key) for key in keys]})
    assert [one["key"] for one in answer.get_json()["predictions"]] == keys


def test_long_shape(client: FlaskClient) -> None:
    """The request of a shape of 1,600 integers of 4,300 digits is refused with its first."""
    shape = ", ".join(["7" * 4300] * 1600)
    body = f'{{"inputs": [{{"name": "image", "shape": [{shape}], "datatype": "BYTES", "data": ["x"]}}]}}'
    status, sentence = serving_error_in(client.post(INFER, data=body))
    assert (status, sentence) == (
        400,
        "The body is not valid JSON: a number has 4,300 characters; at most 100 are accepted.",
    )


@pytest.mark.parametrize("opening", ["[", '{"a":'], ids=["lists", "objects"])
@pytest.mark.parametrize("levels", [DEEPEST - 1, DEEPEST, 900, 3000])  # within an object
def test_depth(opening: str, levels: int) -> None:
    """What is nested too deeply to be written again is refused, in every version of Python alike."""
    value = opening * levels + "1" + ("]" if opening == "[" else "}") * levels
    body = f'{{"key": {value}}}'.encode()
    if levels < DEEPEST:
        json.dumps(parsed(body))
    else:
        assert refusal(body)[0] == 400


def test_deep_key(client: FlaskClient) -> None:
    """A key as deep as is accepted comes back."""
    key: Any = 1
    for _ in range(DEEPEST - 5):
        key = [key]
    assert (
        client.post(PREDICT, json={"instances": [instance(THREE, key=key)]}).get_json()["predictions"][0]["key"] == key
    )


beyond = st.text(st.characters(codec="utf-8"), max_size=50)


@given(beyond, beyond)
@settings(max_examples=15, deadline=None)
def test_large_and_beyond_ascii(name: str, text: str) -> None:
    """A large document means the same, whatever characters it has, with UTF-8's mark before it and without."""
    document = {"picture": "A" * LARGE, name + "x": text}
    body = json.dumps(document, ensure_ascii=False).encode()
    assert parsed(body) == parsed(b"\xef\xbb\xbf" + body) == document


def test_memory_of_an_emoji() -> None:
    """One emoji in a large document does not make Python hold each of its characters in four bytes."""
    body = json.dumps({"picture": "A" * (8 * LARGE), "key": "😀"}, ensure_ascii=False).encode()
    tracemalloc.start()
    assert parsed(body)["key"] == "😀"
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 3.5 * len(body)


def test_much_beyond_ascii() -> None:
    """A large document of other characters, which are no picture, is refused."""
    assert refusal(json.dumps({"key": "ü" * LARGE}, ensure_ascii=False).encode())[0] == 413


@pytest.mark.parametrize("body", ['{"key": "\ud800"}'.encode(errors="surrogatepass"), b'{"key": "\xff"}'])
def test_large_and_no_unicode(body: bytes) -> None:
    """What is not UTF-8 is refused in a large document as in a small one."""
    assert refusal(b" " * LARGE + body[:-2] + b"\xff" + body[-2:])[0] == 400


def grid(width: int, channels: str) -> str:
    row = ",".join([f"[{channels}]"] * width)
    return f"[[{','.join([f'[{row}]'] * width)}]]"


@pytest.mark.parametrize("width", [1, 2, 8, 224])
@pytest.mark.parametrize("channels", ["0, 127, 255", "0.5,-1.0,1e-3", " 7"])
@pytest.mark.parametrize(
    ("path", "form"),
    [
        (PREDICT, '{"instances": %s}'),
        (PREDICT, '{"signature_name": "serving_default", "instances": [{"input_1": %s}]}'),
        (PREDICT, '{"inputs": %s}'),
        (PREDICT, '{"inputs": {"input_1": %s}}'),
        (PREDICT, '{"instances": [{"image_bytes": %s}]}'),
        ("/v1/models/default:classify", '{"examples": [{"x": %s}]}'),
        (INFER, '{"inputs": [{"name": "image", "datatype": "FP32", "shape": [1], "data": %s}]}'),
        (INFER, '{"inputs": [{"name": "input_1", "datatype": "UINT8", "shape": [1], "data": %s}]}'),
    ],
)
def test_tensors_of_numbers(client: FlaskClient, path: str, form: str, width: int, channels: str) -> None:
    """Who sends pixels as numbers, few or many, in whatever field, hears to send image files."""
    status, sentence = serving_error_in(client.post(path, data=form % grid(width, channels)))
    assert (status, SEND_FILES in sentence) == (400, True), sentence


@pytest.mark.parametrize("path", ["/", "/v1/projects/p/locations/l/endpoints/1:predict"])
@pytest.mark.parametrize("width", [1, 224])
def test_tensors_for_vertex(client: FlaskClient, path: str, width: int) -> None:
    """The same where errors have Google's shape."""
    body = f'{{"instances": {grid(width, "1, 2, 3")}}}'
    status, sentence = error_in(client.post(path, data=body, content_type=JSON))
    assert (status, SEND_FILES in sentence) == (400, True), sentence


@pytest.mark.parametrize("body", ['{"instances": ["a", 1]}', '{"instances": [[]]}', '{"instances": [true]}'])
def test_what_is_no_tensor(client: FlaskClient, body: str) -> None:
    """Other mistakes are not taken for tensors."""
    assert SEND_FILES not in error_in(client.post("/", data=body, content_type=JSON))[1]


def test_empty_elements(client: FlaskClient) -> None:
    """A binary tensor of millions of empty elements is refused at the first that is too many."""
    lines = {}
    for size in (1 << 12, 1 << 16):
        lines[size] = lines_of(lambda size=size: tensors.elements(bytes(size), INSTANCES))
    assert len(set(lines.values())) == 1
    header = (
        b'{"inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": 4096}}]}'
    )
    answer = client.post(
        INFER, data=header + bytes(4096), headers={"Inference-Header-Content-Length": str(len(header))}
    )
    assert serving_error_in(answer)[0] == 413


def test_shared_features(client: FlaskClient) -> None:
    """What all examples share is looked through once, not once for each of them."""
    context = {f"x{number}": number for number in range(1000)} | {"picture": {"b64": base64_of(THREE)}}
    body = {"context": context, "examples": [{} for _ in range(20)]}
    many = lines_of(lambda: client.post("/v1/models/default:classify", json=body))
    few = lines_of(
        lambda: client.post("/v1/models/default:classify", json=body | {"context": {"x": context["picture"]}})
    )
    assert many - few < 10_000


@pytest.mark.parametrize("examples", [[{"picture": {"b64": "%"}}], [{"other": {"b64": ""}}]])
def test_features_that_are_there_twice(client: FlaskClient, examples: list[Any]) -> None:
    """An example's own feature counts before a shared one of its name; two pictures are one too many."""
    context = {"picture": {"b64": base64_of(THREE)}}
    answer = client.post("/v1/models/default:classify", json={"context": context, "examples": examples})
    assert serving_error_in(answer)[0] == 400
