"""One stored object: bytes, attributes, generation and metageneration."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote

from emulator.errors import HeldError
from emulator.hashes import crc32c, md5
from emulator.preconditions import Version

WRITABLE = (
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "customTime",
    "eventBasedHold",
    "metadata",
    "storageClass",
    "temporaryHold",
)
HOLDS = {"temporaryHold": "Temporary", "eventBasedHold": "Event-Based"}
"""The attributes that hold an object, and what they are called."""


@dataclass(frozen=True)
class StoredObject:
    """One generation of an object; `attributes` holds its writable fields, named as in JSON."""

    bucket: str
    name: str
    data: bytes = field(repr=False)
    generation: int
    created: datetime
    updated: datetime
    attributes: Mapping[str, Any] = field(default_factory=dict)
    metageneration: int = 1
    components: int | None = None

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.data)

    @property
    def content_type(self) -> str:
        """The content type it was stored with."""
        return str(self.attributes.get("contentType", "application/octet-stream"))

    @property
    def metadata(self) -> dict[str, str]:
        """The custom metadata."""
        return dict(self.attributes.get("metadata", {}))

    def check_holds(self) -> None:
        """Refuse to let go of an object while it has a hold."""
        for attribute, hold in HOLDS.items():
            if self.attributes.get(attribute):
                raise HeldError(f"{self.bucket}/{self.name}", hold)

    @property
    def etag(self) -> str:
        """A text that changes with the generation and with the metageneration."""
        return base64.b64encode(f"{self.generation}/{self.metageneration}".encode()).decode()

    @property
    def version(self) -> Version:
        """The values that preconditions are compared with."""
        return Version(self.generation, self.metageneration, self.etag)

    @cached_property
    def hashes(self) -> dict[str, str]:
        """`crc32c`, and `md5Hash` unless the object was composed."""
        if self.components is not None:
            return {"crc32c": crc32c(self.data)}
        return {"crc32c": crc32c(self.data), "md5Hash": md5(self.data)}

    def resource(self, url: str) -> dict[str, Any]:
        """The object as the JSON API shows it, its links leading to the server at `url`."""
        path = f"b/{quote(self.bucket, safe='')}/o/{quote(self.name, safe='')}"
        resource = {
            "kind": "storage#object",
            "id": f"{self.bucket}/{self.name}/{self.generation}",
            "selfLink": f"{url}/storage/v1/{path}",
            "mediaLink": f"{url}/download/storage/v1/{path}?generation={self.generation}&alt=media",
            "name": self.name,
            "bucket": self.bucket,
            "generation": str(self.generation),
            "metageneration": str(self.metageneration),
            "size": str(self.size),
            "timeCreated": timestamp(self.created),
            "updated": timestamp(self.updated),
            "timeStorageClassUpdated": timestamp(self.created),
            "storageClass": "STANDARD",
            "etag": self.etag,
            **self.hashes,
            **self.attributes,
        }
        if self.components is not None:
            resource["componentCount"] = self.components
        return resource

    def headers(self) -> dict[str, str]:
        """The headers a download answers with."""
        digests = [name.removesuffix("Hash") + "=" + value for name, value in self.hashes.items()]
        encoding = self.attributes.get("contentEncoding")
        headers = {
            "Content-Type": self.content_type,
            "Content-Encoding": encoding,
            "Content-Disposition": self.attributes.get("contentDisposition"),
            "Content-Language": self.attributes.get("contentLanguage"),
            "Cache-Control": self.attributes.get("cacheControl"),
            "ETag": f'"{self.etag}"',
            "X-Goog-Generation": str(self.generation),
            "X-Goog-Metageneration": str(self.metageneration),
            "X-Goog-Hash": ",".join(digests),
            "X-Goog-Stored-Content-Encoding": encoding or "identity",
            "X-Goog-Stored-Content-Length": str(self.size),
        }
        return {name: value for name, value in headers.items() if value is not None}


def merge_attributes(attributes: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes after a JSON merge patch: null removes a field, or a key of the metadata."""
    merged = dict(attributes)
    for key in WRITABLE:
        if key in changes:
            value = changes[key]
            if isinstance(value, dict):
                both = {**merged.get(key, {}), **value}
                value = {name: text for name, text in both.items() if text is not None} or None
            merged[key] = value
    return {key: value for key, value in merged.items() if value is not None}


def timestamp(moment: datetime) -> str:
    """A UTC moment as the JSON API writes it, in milliseconds."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
