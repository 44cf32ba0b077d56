"""The document that is stored about an upload, and its location."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from typing import Any

from predictor import ModelInfo
from results import documents
from storage.location import MAX_NAME, Location
from storage.result_version import ResultVersion
from storage.upload import Upload

LONG_NAMES, GENERATIONS = "_long-names", "_generations"  # no bucket can have these names: no other results lie there


def location(prefix: Location, upload: Upload, suffix: str = "", folder: str = "") -> Location:
    """Where something about an upload is stored: `prefix/bucket/name`, and for long names a digest of the name.

    folder: what is left out where the name begins with it.
    """
    name = upload.name.removeprefix(folder)
    found = prefix.child(upload.bucket, f"{name}{suffix}")
    if len(found.name.encode()) <= MAX_NAME:
        return found
    digest = hashlib.sha256(name.encode()).hexdigest()
    return prefix.child(LONG_NAMES, upload.bucket, f"{digest}{suffix}")


def location_beside(
    prefix: Location, upload: Upload, result_version: ResultVersion, suffix: str = "", folder: str = ""
) -> Location:
    """Where it is stored when what is at its place may not be replaced: `prefix/_generations/bucket/name/generation`.

    The record of a fault has a place of its own, so that it is never in the way of what a later attempt finds out.
    """
    name = f"{upload.generation}{suffix}" if result_version.is_final else f"{upload.generation}-failed{suffix}"
    source = upload.name.removeprefix(folder)
    found = prefix.child(GENERATIONS, upload.bucket, source, name)
    if len(found.name.encode()) <= MAX_NAME:
        return found
    return prefix.child(LONG_NAMES, upload.bucket, hashlib.sha256(source.encode()).hexdigest(), name)


def document(upload: Upload, found: dict[str, Any], info: ModelInfo | None) -> dict[str, Any]:
    """The JSON of a result: `found` is its predictions or its error; no model where none could be loaded."""
    source = {
        "bucket": upload.bucket,
        "name": upload.name,
        "generation": str(upload.generation),
        "content_type": upload.content_type,
        "size": upload.size if upload.is_described else None,
    }
    model = documents.model(info) if info else {"model": None}
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    return found | {"source": source} | model | {"classified_at": now}
