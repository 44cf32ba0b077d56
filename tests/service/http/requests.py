"""Requests to the `classify` function through the real framework, and what is in its answers."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from functions_framework import create_app
from urllib3 import encode_multipart_formdata
from werkzeug.test import TestResponse as Answer

from results.errors import STATUS_NAMES

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "examples" / "digits" / "samples"
THREE, SEVEN = ((SAMPLES / name).read_bytes() for name in ("3.png", "7.png"))
TEXT = b"milk, eggs, flour"
JSON = "application/json"
PREDICT = "/v1/models/default:predict"


def new_client() -> FlaskClient:
    """A function that has not seen a request yet."""
    client: FlaskClient = create_app("classify", str(ROOT / "main.py")).test_client()
    return client


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def instance(data: bytes, **others: object) -> dict[str, object]:
    """One picture as AutoML's container takes it."""
    return {"image_bytes": {"b64": base64_of(data)}, **others}


def error_in(answer: Answer) -> tuple[int, str]:
    """Status and sentence of an error, which has to be complete and in Google's shape."""
    assert answer.mimetype == JSON
    error = answer.get_json()["error"]
    assert answer.get_json() == {"error": error}
    assert set(error) == {"code", "status", "message"}
    assert (error["code"], error["status"]) == (answer.status_code, STATUS_NAMES[answer.status_code])
    return error["code"], error["message"]


def serving_error_in(answer: Answer) -> tuple[int, str]:
    """Status and sentence of an error in TensorFlow Serving's shape."""
    assert answer.mimetype == JSON
    assert list(answer.get_json()) == ["error"]
    return answer.status_code, answer.get_json()["error"]


def form(*fields: tuple[str, str | tuple[str, bytes]]) -> dict[str, Any]:
    """A form of texts and files, by field, as the arguments of a post."""
    body, content_type = encode_multipart_formdata(fields)
    return {"data": body, "content_type": content_type}
