"""Which call a request is, by its method, path and query."""

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import unquote

from emulator.batch import BATCH, answer_batch
from emulator.errors import StorageError, UnsupportedError
from emulator.faults import Faults
from emulator.messages import Answer, Call, Operation, Request, as_download, refusal
from emulator.service import Service, Where
from emulator.store import Store
from emulator.uploads import upload_name

BUCKETS = "/storage/v1/b"
BUCKET = f"{BUCKETS}/(?P<bucket>[^/]+)"
OBJECTS = f"{BUCKET}/o"
OBJECT = f"{OBJECTS}/(?P<name>[^/]+)"
SOURCE = f"{BUCKETS}/(?P<source_bucket>[^/]+)/o/(?P<source_name>[^/]+)"
DESTINATION = "b/(?P<bucket>[^/]+)/o/(?P<name>[^/]+)"


class Route(NamedTuple):
    """A kind of request and the call it makes; `query` pairs must be there, as written."""

    method: str
    path: str
    operation: Operation
    handle: Callable[[Service, Request, Where], Answer]
    query: tuple[str, str] | None = None

    def match(self, request: Request) -> Where | None:
        """The names in the request's path, or None when it is of another kind."""
        match = re.fullmatch(self.path, request.path)
        if match is None or request.method != self.method:
            return None
        if self.query is not None and request.query.get(self.query[0]) != self.query[1]:
            return None
        return {key: unquote(value) for key, value in match.groupdict().items()}


RESUMABLE = ("uploadType", "resumable")
ROUTES = (
    Route("GET", BUCKETS, "bucket", Service.list_buckets),
    Route("POST", BUCKETS, "bucket", Service.create_bucket),
    Route("GET", BUCKET, "bucket", Service.read_bucket),
    Route("PATCH", BUCKET, "bucket", Service.patch_bucket),
    Route("DELETE", BUCKET, "bucket", Service.delete_bucket),
    Route("GET", OBJECTS, "list", Service.list_objects),
    Route("GET", OBJECT, "read_media", Service.read_media, query=("alt", "media")),
    Route("GET", f"/download{OBJECT}", "read_media", Service.read_media),
    Route("GET", OBJECT, "read_metadata", Service.read_metadata),
    Route("PATCH", OBJECT, "patch", Service.patch),
    Route("PUT", OBJECT, "patch", Service.update),
    Route("DELETE", OBJECT, "delete", Service.delete),
    Route("POST", f"{SOURCE}/copyTo/{DESTINATION}", "copy", Service.copy),
    Route("POST", f"{SOURCE}/rewriteTo/{DESTINATION}", "copy", Service.rewrite),
    Route("POST", f"{OBJECT}/compose", "copy", Service.compose),
    Route("POST", f"/upload{OBJECTS}", "upload_session", Service.open_upload, query=RESUMABLE),
    Route("POST", f"/upload{OBJECTS}", "write", Service.upload),
    Route("PUT", f"/upload{OBJECTS}", "write", Service.resume_upload, query=RESUMABLE),
)


class Router:
    """Records each request and answers it, with the fault that is due."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self.calls: list[Call] = []
        self._service = Service(store)
        self._faults = faults

    def answer(self, request: Request) -> Answer:
        """Do what a request asks for; a batch is recorded as the calls in it, and faults befall those."""
        if (request.method, request.path) == ("POST", BATCH):
            return answer_batch(request, self.answer)
        try:
            route, where = self._find(request)
        except StorageError as error:
            self.calls.append(Call(request.method, request.target))
            return refusal(error)
        call = Call(
            request.method,
            request.target,
            _operation(route, request),
            where.get("bucket"),
            where.get("name"),
        )
        self.calls.append(call)
        answer = self._faults.apply(call, lambda: self._perform(route, request, where))
        return as_download(answer) if route.operation == "read_media" else answer

    def _find(self, request: Request) -> tuple[Route, Where]:
        for route in ROUTES:
            where = route.match(request)
            if where is not None:
                return route, {**where, **self._upload(route, request)}
        raise UnsupportedError(f"{request.method} {request.path} is not supported here.")

    def _upload(self, route: Route, request: Request) -> Where:
        """The name that an upload's path does not say."""
        if not route.path.startswith("/upload"):
            return {}
        if route.method == "POST":
            return {"name": upload_name(request)}
        return {"name": self._service.uploads.find(request).target.name}

    def _perform(self, route: Route, request: Request, where: Where) -> Answer:
        try:
            return route.handle(self._service, request, where)
        except StorageError as error:
            return refusal(error)


def _operation(route: Route, request: Request) -> Operation:
    """The route's operation, but a chunk without a place is only a question."""
    asks = str(request.headers.get("Content-Range", "")).startswith("bytes */")
    return "upload_session" if route.operation == "write" and asks else route.operation
