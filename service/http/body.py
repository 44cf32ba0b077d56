"""What a request carries: bytes, the files of a form, a JSON document, base64."""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import flask
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from service.errors import RequestError

VALUES_AN_INSTANCE = 32  # that a JSON body may hold, and the same once more
_CHUNK = 1 << 20
_DISCARDED = 1 << 28  # bytes of a rejected body that are read, for a client that still sends to hear the answer


@dataclass(frozen=True)
class ImageFile:
    """One file of a form."""

    name: str
    data: bytes


def check_encoding(request: flask.Request) -> None:
    """RequestError 415 for a compressed body."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise RequestError(415, "A body with a Content-Encoding is not accepted; send it as it is.")


def read(request: flask.Request, max_bytes: int) -> bytes:
    """The whole body; RequestError 413 when it is longer than `max_bytes`, 400 when it breaks off."""
    too_long = RequestError(413, f"The request is too large; at most {max_bytes:,} bytes are accepted.")
    if (request.content_length or 0) > max_bytes:
        raise too_long
    body = io.BytesIO()
    for chunk in _chunks(request):
        if body.tell() + len(chunk) > max_bytes:
            raise too_long
        body.write(chunk)
    if body.tell() < (request.content_length or 0):  # gunicorn ends such a body as if it were whole
        raise _broken()
    return body.getvalue()


def finish(request: flask.Request, response: flask.Response) -> flask.Response:
    """The response, with what is left of the body thrown away: a client that still sends would not hear the answer.

    functions-framework would read it all into memory instead, but not before a response that is a stream.
    """
    left = _DISCARDED
    try:
        for chunk in _chunks(request):
            left -= len(chunk)
            if left < 0:
                break
        ended = left >= 0
    except RequestError:
        ended = False
    if not ended:
        response.response = iter([response.get_data()])
    return response


def _chunks(request: flask.Request) -> Iterator[bytes]:
    """The body in parts; RequestError 400 when it breaks off."""
    try:
        while chunk := request.stream.read(_CHUNK):
            yield chunk
    except (BadRequest, ParseException, OSError) as error:  # Werkzeug's, and gunicorn's two kinds
        raise _broken() from error


def _broken() -> RequestError:
    return RequestError(400, "The request broke off, or its chunks are not well-formed.")


def form_files(request: flask.Request, body: bytes, max_parts: int) -> list[ImageFile]:
    """The files of a `multipart/form-data` body in order, whatever their fields.

    Raises RequestError 400 without any, 413 for more than `max_parts` fields and files.
    """
    in_order: Any = list  # of pairs; the default, a MultiDict, would sort the files by their fields
    parser: Any = FormDataParser(lambda *_, **__: io.BytesIO(), max_form_parts=max_parts, cls=in_order, silent=False)
    try:
        _, _, files = parser.parse(io.BytesIO(body), request.mimetype, len(body), request.mimetype_params)
    except RequestEntityTooLarge as error:
        raise RequestError(413, f"The form has too many parts; at most {max_parts:,} are accepted.") from error
    except ValueError as error:
        raise RequestError(400, f"The form cannot be read: {error}.") from error
    found = [ImageFile(file.filename or "", file.read()) for _, file in files]
    if not found:
        raise RequestError(400, "The form holds no file.")
    return found


def document(body: bytes, max_instances: int) -> dict[str, Any]:
    """The JSON object that a body is; RequestError 400 when it is none, 413 when it holds too many values.

    A list in memory takes many times the three bytes that it takes in a body, so they are counted first. Base64 has
    none of the counted characters.
    """
    most = VALUES_AN_INSTANCE * (max_instances + 1)
    if sum(body.count(sign) for sign in (b",", b"[", b"{")) > most:
        raise RequestError(413, f"The JSON body holds too many values; about {most:,} are accepted.")
    try:
        found = json.loads(body, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise RequestError(400, f"The body is not valid JSON: {error}.") from error
    if not isinstance(found, dict):
        raise RequestError(400, "The body is not a JSON object.")
    return found


def from_base64(encoded: object, where: str) -> bytes:
    """The bytes that a JSON string encodes; RequestError 400 names the place of one that does not."""
    if not isinstance(encoded, str):
        raise RequestError(400, f"{where} is not a string of base64.")
    try:
        return base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as error:
        raise RequestError(400, f"{where} holds no valid base64: {error}.") from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number that JSON has")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number
