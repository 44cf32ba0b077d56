"""The three ways in which an object's bytes arrive: alone, with attributes, or in chunks."""

import threading
import uuid
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from emulator.errors import BadRequestError, MissingError
from emulator.hashes import check_hashes, parse_hash_header
from emulator.messages import Request, parse_json
from emulator.objects import StoredObject
from emulator.ranges import ContentRange
from emulator.store import Store, Target


@dataclass(frozen=True)
class Upload:
    """A whole object as it arrived; `attributes` may hold the hashes it should have."""

    data: bytes = field(repr=False)
    attributes: dict[str, Any]

    def store(self, store: Store, target: Target) -> StoredObject:
        """Write it, if the bytes fit their hashes."""
        check_hashes(self.data, self.attributes)
        return store.write(target, self.data, self.attributes)


def parse_upload(request: Request) -> Upload:
    """The object in a `multipart` or `media` request."""
    if request.query.get("uploadType") == "multipart":
        attributes, data, content_type = _parse_multipart(request)
    else:
        attributes, data, content_type = {}, request.body, request.headers.get("Content-Type")
    if content_type:
        attributes.setdefault("contentType", content_type)
    attributes.update(announced_hashes(request))
    return Upload(data, attributes)


def upload_name(request: Request) -> str:
    """The name of the object that an upload is going to be."""
    attributes: dict[str, Any] = {}
    if request.query.get("uploadType") == "multipart":
        attributes, _, _ = _parse_multipart(request)
    elif request.query.get("uploadType") == "resumable":
        attributes = request.json()
    name = request.query.get("name") or attributes.get("name")
    if not isinstance(name, str):
        raise BadRequestError("Required parameter: name")
    return name


def announced_hashes(request: Request) -> dict[str, str]:
    """The hashes in the request's `X-Goog-Hash` headers."""
    return parse_hash_header(",".join(request.headers.get_all("X-Goog-Hash", [])))


@dataclass
class ResumableUpload:
    """An upload in chunks; once complete it keeps answering with what it stored."""

    target: Target
    attributes: dict[str, Any]
    received: bytearray = field(default_factory=bytearray, repr=False)
    stored: StoredObject | None = None
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def receive(self, store: Store, place: ContentRange, data: bytes, hashes: dict[str, str]) -> StoredObject | None:
        """Keep a chunk (bytes already there are skipped); the object, once it is complete."""
        with self.lock:
            if self.stored is not None:
                return self.stored
            self._append(place, data)
            if place.total == len(self.received):
                upload = Upload(bytes(self.received), {**self.attributes, **hashes})
                self.stored = upload.store(store, self.target)
                self.received.clear()
            return self.stored

    def _append(self, place: ContentRange, data: bytes) -> None:
        if place.start is None:
            return
        if place.start > len(self.received):
            raise BadRequestError(f"{len(self.received)} bytes are here, not {place.start}")
        self.received += data[len(self.received) - place.start :]


class ResumableUploads:
    """The uploads that were opened, by their id."""

    def __init__(self) -> None:
        self._uploads: dict[str, ResumableUpload] = {}

    def open(self, target: Target, attributes: dict[str, Any]) -> str:
        """Begin an upload and give its id."""
        upload_id = uuid.uuid4().hex
        self._uploads[upload_id] = ResumableUpload(target, attributes)
        return upload_id

    def find(self, request: Request) -> ResumableUpload:
        """The upload that a chunk or a question belongs to."""
        upload_id = request.query.get("upload_id", "")
        if upload_id not in self._uploads:
            raise MissingError(f"No such upload: {upload_id!r}")
        return self._uploads[upload_id]


def _parse_multipart(request: Request) -> tuple[dict[str, Any], bytes, str | None]:
    """Attributes, bytes and content type of a `multipart/related` body."""
    boundary = request.headers.get_boundary()
    parts = (b"\r\n" + request.body).split(b"\r\n--" + str(boundary).encode())
    if boundary is None or len(parts) != 4 or not parts[3].startswith(b"--"):
        raise BadRequestError("Malformed multipart body: two parts are wanted")
    (_, attributes), (headers, data) = _split_part(parts[1]), _split_part(parts[2])
    return parse_json(attributes), data, headers.get("Content-Type")


def _split_part(part: bytes) -> tuple[Message, bytes]:
    head, _, body = part.partition(b"\r\n\r\n")
    headers = Message()
    for line in head.decode("latin-1").splitlines():
        name, _, value = line.partition(":")
        if name:
            headers[name] = value.strip()
    return headers, body
