"""Cloud Storage: read one generation of an object, and store results so that the newest generation wins."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Without this the client asks for each bucket's metadata in a thread of its own, which takes a permission more.
os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")

from google.api_core import exceptions
from google.cloud import storage
from google.cloud.storage.retry import DEFAULT_RETRY

from service.settings import Location

SECONDS_A_CALL = 30
SECONDS_OF_RETRIES = 60
MAX_ROUNDS = 10
SOURCE_GENERATION = "source-generation"
"""The key, in a result's custom metadata, of the generation that it describes."""

_RETRY = DEFAULT_RETRY.with_timeout(SECONDS_OF_RETRIES)
_CALL: Mapping[str, Any] = {"timeout": SECONDS_A_CALL, "retry": _RETRY}


class Storage:
    """The operations that the functions need, on one client; safe for many threads."""

    def __init__(self) -> None:
        self._client = storage.Client()

    def read(self, source: Location, generation: int) -> bytes | None:
        """The bytes of exactly that generation; None when it is gone or replaced.

        What may pass, and has not after the retries, is raised as the client raises it.
        """
        blob = self._client.bucket(source.bucket).blob(source.name, generation=generation)
        try:
            return bytes(blob.download_as_bytes(**_CALL))
        except exceptions.NotFound:
            return None

    @contextmanager
    def downloaded(self, source: Location) -> Iterator[Path]:
        """A temporary copy of an object, its size and CRC32C checked, for as long as the block runs."""
        blob = self._client.bucket(source.bucket).get_blob(source.name, **_CALL)
        if blob is None:
            raise FileNotFoundError(f"{source}: there is no such object")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / os.path.basename(source.name)
            blob.download_to_filename(str(path), checksum="crc32c", if_generation_match=blob.generation, **_CALL)
            if path.stat().st_size != blob.size:
                raise OSError(f"{source}: {path.stat().st_size} of {blob.size} bytes arrived")
            yield path

    def store(self, target: Location, document: Mapping[str, Any], generation: int) -> bool:
        """Store a result that describes `generation` of its source, unless one for the same or a newer is there.

        Returns whether it was stored. Of two writers at once one gets 412 and looks again; so does a writer whose own
        write was done but whose answer was lost.
        """
        bucket = self._client.bucket(target.bucket)
        for _ in range(MAX_ROUNDS):
            existing = bucket.get_blob(target.name, **_CALL)
            if existing and int((existing.metadata or {}).get(SOURCE_GENERATION, 0)) >= generation:
                return False
            blob = bucket.blob(target.name)
            blob.metadata = {SOURCE_GENERATION: str(generation)}
            try:
                blob.upload_from_string(
                    json.dumps(document, ensure_ascii=False),
                    content_type="application/json",
                    if_generation_match=existing.generation if existing else 0,
                    **_CALL,
                )
                return True
            except exceptions.PreconditionFailed:
                continue
        raise exceptions.Aborted(f"{target}: others kept writing it at the same time")
