"""Forms as clients write them, and as nobody should."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import encode_multipart_formdata
from werkzeug.datastructures import FileStorage
from werkzeug.http import parse_options_header
from werkzeug.test import stream_encode_multipart

from results.errors import RequestError
from service.http import forms
from tests.service.http.requests import SEVEN, THREE, error_in
from tests.service.http.work import lines_of

DISPOSITION = b'Content-Disposition: form-data; name="a"; filename="b"\r\n'
MB = 1 << 20


def part(headers: bytes, data: bytes) -> bytes:
    return b"--x\r\n" + headers + b"\r\n" + data + b"\r\n"


def body_of(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--x--\r\n"


def files(body: bytes, most: int = 100) -> list[tuple[str, bytes]]:
    """Names and bytes of a form's files."""
    return [(file.name, file.data) for file in forms.files(body, {"boundary": "x"}, most)]


@given(st.lists(st.tuples(st.text(st.characters(exclude_characters='"\\', codec="utf-8")), st.binary()), min_size=1))
def test_written_and_read(sent: list[tuple[str, bytes]]) -> None:
    """Whatever the names and the bytes, the files that urllib3 writes come out, in their order."""
    body, content_type = encode_multipart_formdata([("field", (f"n{name}", data)) for name, data in sent])
    _, parameters = parse_options_header(content_type)
    found = forms.files(body, parameters, 1000)
    assert [file.data for file in found] == [data for _, data in sent]


def test_written_by_werkzeug() -> None:
    """A form that Werkzeug's client writes, with fields between the files, is read."""
    three, seven = (FileStorage(io.BytesIO(data), name) for data, name in ((THREE, "3.png"), (SEVEN, "7.png")))
    stream, _, _ = stream_encode_multipart({"a": three, "comment": "mine", "b": seven}, boundary="x")
    assert files(stream.read()) == [("3.png", THREE), ("7.png", SEVEN)]


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        (b'Content-Disposition: form-data; name="a"\r\nContent-Type: image/png\r\n', "a"),
        (b'Content-Disposition: form-data; name="a"\r\nContent-Type: IMAGE/JPEG; x=y\r\n', "a"),
        (b'Content-Disposition: form-data; name="a"\r\nContent-Type: application/octet-stream\r\n', "a"),
        (b'content-disposition:form-data;name=a;filename="b c.png"\r\n', "b c.png"),
        (b"Content-Disposition: form-data; name=a; filename*=UTF-8''%C3%BC.png\r\n", "ü.png"),
        (b'Content-Type: text/plain\r\nContent-Disposition: form-data; name="a"; filename=""\r\n', "a"),
    ],
    ids=["image", "image in capitals", "bytes", "lower case", "encoded name", "empty name"],
)
def test_files(headers: bytes, name: str) -> None:
    """A part is a file by its name, or by its type where a client gives it none; then it has the field's name."""
    assert files(body_of(part(headers, b"\r\n--xy"))) == [(name, b"\r\n--xy")]


@pytest.mark.parametrize(
    "body",
    [
        b"ignored\r\n" + body_of(part(DISPOSITION, b"data")) + b"ignored",
        body_of(part(DISPOSITION, b"data")).removesuffix(b"\r\n"),
        body_of(part(DISPOSITION, b"data")).replace(b"\r\n", b"\n"),
        body_of(part(DISPOSITION, b"data")).replace(b"--x\r\n", b"--x \t\r\n"),
        body_of(part(b'Content-Disposition: form-data; name="t"\r\n', b"text"), part(DISPOSITION, b"data")),
    ],
    ids=["text around", "no last line break", "bare line breaks", "padding", "a field"],
)
def test_odd_forms(body: bytes) -> None:
    """What the standard allows around the files, and bare line breaks, which scripts write, change nothing."""
    assert files(body) == [("b", b"data")]


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (part(DISPOSITION, b"data"), 400, "The form cannot be read: it ends before its last boundary."),
        (b"", 400, "The form cannot be read: it ends before its last boundary."),
        (body_of(b"--x\r\n\r\ndata\r\n"), 400, "The form cannot be read: a part does not say Content-Disposition: "),
        (body_of(b"--x\r\ndata\r\n"), 400, "The form cannot be read: a part's headers have no end, or more than 4,096"),
        (body_of(part(DISPOSITION + b"a: b\r\n" * 1000, b"data")), 400, "The form cannot be read: a part's headers"),
        (body_of(*[part(DISPOSITION, b"")] * 3), 413, "The form has too many parts; at most 2 are accepted."),
        (body_of(part(b'Content-Disposition: form-data; name="a"\r\n', b"text")), 400, "The form holds no file."),
    ],
    ids=["no end", "empty", "no headers", "no blank line", "long headers", "many parts", "no file"],
)
def test_bad_forms(body: bytes, status: int, sentence: str) -> None:
    """A form that cannot be meant so is refused with the reason."""
    with pytest.raises(RequestError) as caught:
        files(body, most=2)
    assert (caught.value.status, caught.value.message[: len(sentence)]) == (status, sentence)


@pytest.mark.parametrize("boundary", ["ü", "x" * 201], ids=["beyond ASCII", "long"])
def test_bad_boundary(boundary: str) -> None:
    """A boundary that no client makes is refused."""
    with pytest.raises(RequestError, match="its boundary is not ASCII, or has more than 200 characters"):
        forms.files(b"", {"boundary": boundary}, 1)


HOSTILE = {
    "header lines": part(DISPOSITION + b"a:b\r\n" * (MB // 5), b""),
    "parameters": part(DISPOSITION[:-2] + b";a=b" * (MB // 4) + b"\r\n", b""),
    "a long name": part(b'Content-Disposition: form-data; filename="' + b"b" * MB + b'"\r\n', b""),
    "boundaries that are none": part(DISPOSITION, b"\r\n--xy" * (MB // 6)),
    "boundaries with padding": part(DISPOSITION, (b"\r\n--x" + b" " * 999 + b"y") * (MB // 1005)),
    "boundaries alone": b"--x\r\n" * (MB // 5),
    "line breaks": part(DISPOSITION, b"\r\n" * (MB // 2)),
    "text before": b"--xy" * (MB // 4) + b"\r\n" + part(DISPOSITION, b""),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_bounded_work(name: str) -> None:
    """A form that is made to do harm runs no more lines of code than one of a thousand parts: none for each byte."""
    ordinary = lines_of(lambda: files(body_of(*[part(DISPOSITION, b"data")] * 1000), most=1000))
    assert lines_of(lambda: files(body_of(HOSTILE[name]))) < ordinary


def test_file_without_name(client: FlaskClient) -> None:
    """Through the function, a part without a file name is classified, and named after its field among others."""
    headers = b'Content-Disposition: form-data; name="photo"\r\nContent-Type: image/png\r\n'
    one = client.post("/?top_k=1", data=body_of(part(headers, THREE)), content_type="multipart/form-data; boundary=x")
    assert one.get_json()["predictions"][0]["label"] == "3"
    two = body_of(part(headers, SEVEN), part(DISPOSITION, b"text"))
    results = client.post("/?top_k=1", data=two, content_type="multipart/form-data; boundary=x").get_json()["results"]
    assert [(result["file"], "error" in result) for result in results] == [("photo", False), ("b", True)]


def test_error_of_a_form(client: FlaskClient) -> None:
    """What is wrong with a form is said in the protocol's shape."""
    answer = client.post("/", data=b"--x\r\n", content_type="multipart/form-data; boundary=x")
    assert error_in(answer) == (400, "The form cannot be read: it ends before its last boundary.")
