"""Cloud Storage: read one generation of an object, and store what is known of it so that the newest wins."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

# Without this the client asks for each bucket's metadata in a thread of its own, which takes a permission more.
os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")

from google.api_core import exceptions
from google.cloud import storage

from predictor import Limits
from storage import connections, encoding
from storage.calls import ATTEMPT_SHARE, USER, VIEWER, ObjectRetained, call, existing, needing, retry_for
from storage.deadline import Deadline
from storage.location import Location
from storage.result_version import ResultVersion
from storage.upload import Upload

MAX_ROUNDS = 10

Put = Callable[[Any, int, float], None]
"""Puts a blob, if the object there has that generation (0: if there is none), within that many seconds."""


@dataclass(frozen=True)
class Newest:
    """An object as it is now; `size` in bytes."""

    generation: int
    size: int


class Storage:
    """The operations that the functions need, on one client; safe for many threads.

    Each tries again what may pass until its deadline; then it raises what the client raised, at the latest. All raise
    MissingRole, and Denied for what Cloud Storage refuses for other reasons.
    """

    def __init__(self) -> None:
        self._client = storage.Client()
        connections.bound(self._client._http)

    def read(self, source: Location, generation: int, limits: Limits, deadline: Deadline) -> bytes:
        """The file in exactly that generation, unpacked; no more than the limits allow is held in memory.

        Raises ObjectNotFound, and BadImage for what must not or cannot be unpacked.
        """
        return encoding.unpack(*self.fetch(source, generation, limits, deadline), limits)

    def fetch(self, source: Location, generation: int, limits: Limits, deadline: Deadline) -> tuple[bytes, str | None]:
        """The bytes as they are stored, and their content encoding; raises ObjectNotFound, and ImageTooLarge."""
        blob = self._blob(source, generation)

        def download(seconds: float) -> bytes:
            file = _BoundedFile(limits)
            blob.download_to_file(file, raw_download=True, timeout=seconds, retry=None)
            return file.getvalue()

        with needing(VIEWER, source), existing(source):
            return call(download, deadline), blob.content_encoding

    def list_objects(self, bucket: str, prefix: str, start: str, end: str, timeout: float) -> Iterator[Upload]:
        """The objects whose names begin with the prefix, by name: from `start` on, and before `end` unless it is empty.

        They are asked for a thousand at a time, each time within `timeout` seconds.
        """
        found = self._client.list_blobs(
            bucket,
            prefix=prefix or None,
            start_offset=start or None,
            end_offset=end or None,
            fields="items(bucket,name,generation,contentType,size,metadata),nextPageToken",
            retry=retry_for(timeout),
            timeout=timeout * ATTEMPT_SHARE,
        )
        with needing(VIEWER, Location(bucket, prefix)):
            for blob in found:
                yield Upload(bucket, blob.name, blob.generation, blob.content_type, blob.size, blob.metadata or {})

    def newest(self, source: Location, deadline: Deadline) -> Newest | None:
        """The object's newest generation; None when there is no such object."""
        with needing(VIEWER, source):
            blob = self._find(source, deadline)
        return Newest(int(blob.generation), int(blob.size)) if blob else None

    def describe(self, upload: Upload, deadline: Deadline) -> Upload:
        """The upload with all that is known of that generation of the object; raises ObjectNotFound."""
        with needing(VIEWER, upload.location), existing(upload.location):
            blob = self._look(self._blob(upload.location, upload.generation), deadline)
        known = {"content_type": blob.content_type, "size": blob.size, "metadata": blob.metadata or {}}
        return replace(upload, **known, is_described=True).seen(blob.time_created)

    @contextmanager
    def downloaded(self, source: Location, deadline: Deadline) -> Iterator[Path]:
        """A temporary copy of an object, its size and CRC32C checked, for as long as the block runs."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / os.path.basename(source.name)
            with needing(VIEWER, source):
                self._download(source, path, deadline)
            yield path

    def store(
        self,
        target: Location,
        document: Mapping[str, Any],
        result_version: ResultVersion,
        facts: Mapping[str, str],
        deadline: Deadline,
    ) -> bool:
        """Store a result, with the facts in its metadata; False when a better one is there, which stays.

        Raises ObjectRetained.
        """
        text = json.dumps(document, ensure_ascii=False)

        def write(blob: Any, present: int, seconds: float) -> None:
            blob.upload_from_string(text, "application/json", if_generation_match=present, timeout=seconds, retry=None)

        return self._put_newest(target, result_version, write, deadline, facts)

    def copy(
        self,
        source: Location,
        target: Location,
        content_type: str | None,
        result_version: ResultVersion,
        deadline: Deadline,
    ) -> bool:
        """Copy that generation of an object as `store` stores; raises ObjectNotFound, and ObjectRetained."""
        original = self._blob(source, result_version.generation)

        def rewrite(blob: Any, present: int, seconds: float) -> None:
            blob.content_type = content_type
            step = partial(blob.rewrite, original, if_generation_match=present, retry=None)
            token, _, _ = step(timeout=seconds)
            while token:  # a large copy to another location takes several calls
                token, _, _ = step(token=token, timeout=min(seconds, deadline.remaining()))

        try:
            return self._put_newest(target, result_version, rewrite, deadline)
        except exceptions.NotFound:
            with needing(VIEWER, source), existing(source):
                self._look(original, deadline)
            raise  # the picture is there: it is the bucket for the copies that is not

    def annotate(self, source: Location, generation: int, keys: Mapping[str, str], deadline: Deadline) -> None:
        """Set keys of that generation's custom metadata, leaving the others alone; raises ObjectNotFound."""
        with needing(USER, source), existing(source):
            for _ in range(MAX_ROUNDS):
                blob = self._look(self._blob(source, generation), deadline)
                if keys.items() <= (blob.metadata or {}).items():
                    return
                seen = blob.metageneration
                blob.metadata = dict(keys)  # what is patched; keys that are not named stay
                try:
                    call(partial(_patch, blob, generation, seen), deadline)
                except exceptions.PreconditionFailed:
                    continue  # changed by others, or by an attempt of ours whose answer was lost: look again
                return
        raise exceptions.Aborted(f"{source}: others kept changing it at the same time")

    def _put_newest(
        self,
        target: Location,
        result_version: ResultVersion,
        put: Put,
        deadline: Deadline,
        facts: Mapping[str, str] = MappingProxyType({}),
    ) -> bool:
        """Put an object where none is, or one that the version replaces; whether it or its equal is there now.

        It is put first, and looked at after a 412: that is one call where there is nothing yet, and a role that is
        limited to a prefix cannot ask for what is not there. The 412 may also be about a write of our own whose
        answer was lost.
        """
        present = 0
        for _ in range(MAX_ROUNDS):
            blob = self._blob(target)
            blob.metadata = {**facts, **result_version.metadata()}
            try:
                with needing(USER, target):
                    call(partial(put, blob, present), deadline)
                return True
            except (exceptions.PreconditionFailed, ObjectRetained) as error:
                refused = error
            with needing(USER, target):
                found = self._find(target, deadline)
            if found and not result_version.replaces(ResultVersion.of(found.metadata)):
                return ResultVersion.of(found.metadata).says_as_much_as(result_version)
            if isinstance(refused, ObjectRetained):
                raise refused
            present = int(found.generation) if found else 0
        raise exceptions.Aborted(f"{target}: others kept writing it at the same time")

    def _download(self, source: Location, path: Path, deadline: Deadline) -> None:
        blob = self._find(source, deadline)
        if blob is None:
            raise FileNotFoundError(f"{source}: there is no such object")

        def download(seconds: float) -> None:
            with path.open("wb") as file:
                blob.download_to_file(
                    file, checksum="crc32c", if_generation_match=blob.generation, timeout=seconds, retry=None
                )

        call(download, deadline)
        if path.stat().st_size != blob.size:
            raise OSError(f"{source}: {path.stat().st_size} of {blob.size} bytes arrived")

    def _blob(self, location: Location, generation: int | None = None) -> Any:
        return self._client.bucket(location.bucket).blob(location.name, generation=generation)

    def _find(self, location: Location, deadline: Deadline) -> Any | None:
        """The object's attributes as they are now, None without one."""
        try:
            return self._look(self._blob(location), deadline)
        except exceptions.NotFound:
            return None

    def _look(self, blob: Any, deadline: Deadline) -> Any:
        call(lambda seconds: blob.reload(timeout=seconds, retry=None), deadline)
        return blob


class _BoundedFile(io.BytesIO):
    """Takes a download; raises ImageTooLarge in the middle of it."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self._limits = limits

    def write(self, chunk: Any) -> int:
        self._limits.check_bytes(self.tell() + len(chunk))
        return super().write(chunk)


def _patch(blob: Any, generation: int, metageneration: int, seconds: float) -> None:
    blob.patch(if_generation_match=generation, if_metageneration_match=metageneration, timeout=seconds, retry=None)
