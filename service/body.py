"""What a request carries: image files as its body, as a form's files, or as base64 in JSON."""

from __future__ import annotations

import base64
import binascii
import io
import json
from dataclasses import dataclass
from typing import Any

import flask
from werkzeug.formparser import FormDataParser

from service.errors import RequestError

_CHUNK = 1 << 20


@dataclass(frozen=True)
class ImageFile:
    """One file of a form."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Instance:
    """One element of JSON `instances`; `key` is given back with its answer."""

    data: bytes
    key: str | None


def read(request: flask.Request, max_bytes: int) -> bytes:
    """The whole body; RequestError 413 when it is longer than `max_bytes`.

    The rest of a body that is too long is read and thrown away: a client that still sends would not hear the answer.
    """
    body = io.BytesIO()
    too_long = (request.content_length or 0) > max_bytes
    while chunk := request.stream.read(_CHUNK):
        too_long = too_long or body.tell() + len(chunk) > max_bytes
        if not too_long:
            body.write(chunk)
    if too_long:
        raise RequestError(413, f"The request is too large; at most {max_bytes:,} bytes are accepted.")
    return body.getvalue()


def form_files(request: flask.Request, body: bytes) -> list[ImageFile]:
    """The files of a `multipart/form-data` body in order, whatever their fields; RequestError 400 without any."""
    in_order: Any = list  # of pairs; the default, a MultiDict, would sort the files by their fields
    parser: Any = FormDataParser(lambda *_, **__: io.BytesIO(), cls=in_order, silent=False)
    try:
        _, _, files = parser.parse(io.BytesIO(body), request.mimetype, len(body), request.mimetype_params)
    except ValueError as error:
        raise RequestError(400, f"The form cannot be read: {error}.") from error
    found = [ImageFile(file.filename or "", file.read()) for _, file in files]
    if not found:
        raise RequestError(400, "The form holds no file.")
    return found


def instances(body: bytes) -> list[Instance]:
    """The `instances` of a JSON body, each `{"image_bytes": {"b64": …}, "key": …}`; RequestError 400 for others."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestError(400, f"The body is not valid JSON: {error}.") from error
    found = document.get("instances") if isinstance(document, dict) else None
    if not isinstance(found, list) or not found:
        raise RequestError(400, 'The JSON body needs a list "instances" with at least one element.')
    return [_instance(element, index) for index, element in enumerate(found)]


def _instance(element: Any, index: int) -> Instance:
    try:
        encoded, key = element["image_bytes"]["b64"], element.get("key")
        return Instance(base64.b64decode(encoded, validate=True), key)
    except (TypeError, KeyError, AttributeError) as error:
        shape = '{"image_bytes": {"b64": "…"}, "key": "…"}'
        raise RequestError(400, f"instances[{index}] is not of the form {shape}.") from error
    except (ValueError, binascii.Error) as error:
        raise RequestError(400, f"instances[{index}] holds no valid base64: {error}.") from error
