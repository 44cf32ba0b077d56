"""The effect of each call of the JSON API on the store."""

from typing import Any
from urllib.parse import quote

from emulator.errors import BadRequestError, UnsupportedError
from emulator.listing import Page, Selection, list_page
from emulator.messages import Answer, Request, json_answer
from emulator.objects import timestamp
from emulator.preconditions import parse_number, parse_preconditions
from emulator.ranges import parse_content_range, parse_range
from emulator.store import Bucket, Store, Target
from emulator.uploads import ResumableUploads, announced_hashes, parse_upload

UNSUPPORTED_LISTINGS = (
    "filter",
    "includeFoldersAsPrefixes",
    "includeTrailingDelimiter",
    "matchGlob",
    "softDeleted",
)

Where = dict[str, str]  # the names in a path, decoded: `bucket`, `name`, and a copy's `source_…`


class Service:
    """One method a call; each raises a StorageError to refuse it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.uploads = ResumableUploads()

    def create_bucket(self, request: Request, where: Where) -> Answer:
        """Make a bucket."""
        name = request.json().get("name")
        if not isinstance(name, str) or not name:
            raise BadRequestError("Required parameter: name")
        return json_answer(_bucket_resource(self._store.create_bucket(name), request.url))

    def list_buckets(self, request: Request, where: Where) -> Answer:
        """List a page of buckets."""
        buckets = self._store.buckets()
        page = _page(buckets, request)
        items = [_bucket_resource(buckets[name], request.url) for name in page.names]
        return _page_answer("storage#buckets", items, page)

    def read_bucket(self, request: Request, where: Where) -> Answer:
        """Show a bucket."""
        bucket = self._store.bucket(where["bucket"], request.preconditions())
        return json_answer(_bucket_resource(bucket, request.url))

    def patch_bucket(self, request: Request, where: Where) -> Answer:
        """Set a bucket's retention policy and default hold; other attributes are not kept here."""
        changes = request.json()
        if unknown := changes.keys() - {"retentionPolicy", "defaultEventBasedHold"}:
            raise UnsupportedError(f"Patching {', '.join(sorted(unknown))} of a bucket is not supported here.")
        if "retentionPolicy" in changes:
            seconds = parse_number(changes["retentionPolicy"] or {}, "retentionPeriod")
            self._store.retain(where["bucket"], seconds)
        if "defaultEventBasedHold" in changes:
            self._store.hold_new(where["bucket"], bool(changes["defaultEventBasedHold"]))
        return json_answer(_bucket_resource(self._store.bucket(where["bucket"]), request.url))

    def delete_bucket(self, request: Request, where: Where) -> Answer:
        """Remove an empty bucket."""
        self._store.delete_bucket(where["bucket"], request.preconditions())
        return Answer(204)

    def list_objects(self, request: Request, where: Where) -> Answer:
        """List a page of a bucket's objects."""
        for parameter in UNSUPPORTED_LISTINGS:
            if parameter in request.query:
                raise UnsupportedError(f"Listing with {parameter} is not supported here.")
        objects = self._store.objects(where["bucket"])
        page = _page(objects, request)
        items = [objects[name].resource(request.url) for name in page.names]
        return _page_answer("storage#objects", items, page)

    def read_metadata(self, request: Request, where: Where) -> Answer:
        """Show an object's attributes."""
        return json_answer(self._store.read(_target(request, where)).resource(request.url))

    def read_media(self, request: Request, where: Where) -> Answer:
        """Send an object's bytes as they are stored, or a range of them."""
        stored = self._store.read(_target(request, where))
        part = parse_range(request.headers.get("Range"), stored.size)
        if part is None:
            return Answer(200, stored.data, stored.headers())
        place = f"bytes {part.start}-{part.stop - 1}/{stored.size}"
        return Answer(206, stored.data[part], {**stored.headers(), "Content-Range": place})

    def upload(self, request: Request, where: Where) -> Answer:
        """Store an object that arrives whole."""
        stored = parse_upload(request).store(self._store, _target(request, where))
        return json_answer(stored.resource(request.url))

    def open_upload(self, request: Request, where: Where) -> Answer:
        """Begin a resumable upload."""
        target, attributes = _target(request, where), request.json()
        content_type = request.headers.get("X-Upload-Content-Type")
        if content_type:
            attributes.setdefault("contentType", content_type)
        self._store.check_write(target)
        upload_id = self.uploads.open(target, {**attributes, **announced_hashes(request)})
        path = f"/upload/storage/v1/b/{quote(target.bucket, safe='')}/o"
        location = f"{request.url}{path}?uploadType=resumable&upload_id={upload_id}"
        return Answer(200, headers={"Location": location, "X-GUploader-UploadID": upload_id})

    def resume_upload(self, request: Request, where: Where) -> Answer:
        """Take a chunk, or say how many bytes are here."""
        upload = self.uploads.find(request)
        place = parse_content_range(request.headers.get("Content-Range"), len(request.body))
        stored = upload.receive(self._store, place, request.body, announced_hashes(request))
        if stored is not None:
            return json_answer(stored.resource(request.url))
        count = len(upload.received)
        return Answer(308, headers={"Range": f"bytes=0-{count - 1}"} if count else {})

    def patch(self, request: Request, where: Where) -> Answer:
        """Change some attributes."""
        stored = self._store.patch(_target(request, where), request.json(), keep=True)
        return json_answer(stored.resource(request.url))

    def update(self, request: Request, where: Where) -> Answer:
        """Replace all attributes."""
        stored = self._store.patch(_target(request, where), request.json(), keep=False)
        return json_answer(stored.resource(request.url))

    def delete(self, request: Request, where: Where) -> Answer:
        """Remove an object."""
        self._store.delete(_target(request, where))
        return Answer(204)

    def copy(self, request: Request, where: Where) -> Answer:
        """Copy an object in one go."""
        return json_answer(self._copy(request, where))

    def rewrite(self, request: Request, where: Where) -> Answer:
        """Copy an object; this server needs one call, whatever the size."""
        resource = self._copy(request, where)
        progress = {"totalBytesRewritten": resource["size"], "objectSize": resource["size"]}
        return json_answer({"kind": "storage#rewriteResponse", **progress, "done": True, "resource": resource})

    def compose(self, request: Request, where: Where) -> Answer:
        """Join objects."""
        body = request.json()
        sources = [_compose_source(where["bucket"], item) for item in body.get("sourceObjects", [])]
        target = _target(request, where)
        stored = self._store.compose(sources, target, body.get("destination", {}))
        return json_answer(stored.resource(request.url))

    def _copy(self, request: Request, where: Where) -> dict[str, Any]:
        source = Target(
            where["source_bucket"],
            where["source_name"],
            request.number("sourceGeneration"),
            request.source_preconditions(),
        )
        stored = self._store.copy(source, _target(request, where), request.json())
        return stored.resource(request.url)


def _target(request: Request, where: Where) -> Target:
    generation = request.number("generation")
    return Target(where["bucket"], where["name"], generation, request.preconditions())


def _compose_source(bucket: str, item: dict[str, Any]) -> Target:
    if "name" not in item:
        raise BadRequestError("Required parameter: sourceObjects[].name")
    conditions = parse_preconditions(item.get("objectPreconditions", {}))
    return Target(bucket, item["name"], parse_number(item, "generation"), conditions)


def _page(names: dict[str, Any], request: Request) -> Page:
    query = request.query
    selection = Selection(
        prefix=query.get("prefix", ""),
        delimiter=query.get("delimiter", ""),
        start=query.get("startOffset", ""),
        end=query.get("endOffset", ""),
    )
    limit, token = request.number("maxResults"), query.get("pageToken")
    return list_page(names, selection, limit=limit, token=token)


def _page_answer(kind: str, items: list[dict[str, Any]], page: Page) -> Answer:
    answer: dict[str, Any] = {"kind": kind, "items": items}
    if page.prefixes:
        answer["prefixes"] = page.prefixes
    if page.next_token:
        answer["nextPageToken"] = page.next_token
    return json_answer(answer)


def _bucket_resource(bucket: Bucket, url: str) -> dict[str, Any]:
    policy: dict[str, Any] = {"defaultEventBasedHold": bucket.holds_new}
    if bucket.retention is not None:
        policy["retentionPolicy"] = {"retentionPeriod": str(bucket.retention)}
    return {
        "kind": "storage#bucket",
        "id": bucket.name,
        "name": bucket.name,
        "selfLink": f"{url}/storage/v1/b/{quote(bucket.name, safe='')}",
        "metageneration": str(bucket.version.metageneration),
        "etag": bucket.version.etag,
        "timeCreated": timestamp(bucket.created),
        "updated": timestamp(bucket.created),
        "location": "US",
        "storageClass": "STANDARD",
        "softDeletePolicy": {"retentionDurationSeconds": "0"},
        **policy,
    }
