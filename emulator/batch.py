"""Several calls in one request, as `client.batch()` sends them."""

import uuid
from collections.abc import Callable
from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus

from emulator.errors import BadRequestError
from emulator.messages import Answer, Request, refusal

BATCH = "/batch/storage/v1"
MAX_CALLS = 100

PARSER = BytesParser()


def answer_batch(request: Request, answer: Callable[[Request], Answer]) -> Answer:
    """Make the calls, in order; each has its own status in an answer that is a 200."""
    try:
        calls = _calls(request)
    except BadRequestError as error:
        return refusal(error)
    boundary = f"batch_{uuid.uuid4().hex}"
    parts = [_part(answer(call)) for call in calls]
    body = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in parts)
    content_type = f'multipart/mixed; boundary="{boundary}"'
    return Answer(200, body + f"--{boundary}--\r\n".encode(), {"Content-Type": content_type})


def _calls(request: Request) -> list[Request]:
    head = f"Content-Type: {request.headers.get('Content-Type', '')}\r\n\r\n".encode()
    parts = PARSER.parsebytes(head + request.body).get_payload()
    if not isinstance(parts, list) or not parts:
        raise BadRequestError("Failed to parse batch request, error: 0 items.")
    if len(parts) > MAX_CALLS:
        raise BadRequestError(f"The batch request has {len(parts)} calls, more than {MAX_CALLS}.")
    return [_call(part, request) for part in parts if isinstance(part, Message)]


def _call(part: Message, request: Request) -> Request:
    """The call in a part: a whole HTTP request, with the scheme and host of the batch's own or none."""
    content = part.get_payload(decode=True)
    line, _, rest = (content if isinstance(content, bytes) else b"").lstrip().partition(b"\n")
    words = line.decode().split()
    if part.get_content_type() != "application/http" or len(words) != 3:
        raise BadRequestError("A part of the batch request is not an HTTP request.")
    method, target, _ = words
    if target.startswith("/upload/") or "alt=media" in target:
        raise BadRequestError("Uploads and downloads cannot be batched.")
    message = PARSER.parsebytes(rest)
    message["Host"] = request.headers.get("Host", "localhost")
    body = message.get_payload(decode=True)
    return Request(method, target.removeprefix(request.url), message, body if isinstance(body, bytes) else b"")


def _part(answer: Answer) -> bytes:
    head = [
        "Content-Type: application/http",
        "",
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
        f"Content-Length: {len(answer.body)}",
        "",
        "",
    ]
    return "\r\n".join(head).encode() + answer.body
