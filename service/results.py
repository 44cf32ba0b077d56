"""What is stored about an upload, and where."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from predictor import Classifier
from service import documents
from service.location import Location
from service.upload import Upload

MARK = "source-generation"
"""The key, in the custom metadata of all that is stored here, of the generation that it describes."""
OUTCOME = "outcome"
MAX_NAME = 1024  # bytes of UTF-8 in an object's name
LONG_NAMES = "_long-names"  # no bucket can have this name, so no other result lies there


@dataclass(frozen=True, order=True)
class Mark:
    """Which of two results for one object stays: that of the newer generation, then one that is final."""

    generation: int
    is_final: bool
    """False for the record of a fault: what a later delivery of the same event finds out replaces it."""

    def metadata(self) -> dict[str, str]:
        """The mark as custom metadata."""
        return {MARK: str(self.generation), OUTCOME: "final" if self.is_final else "failed"}

    @classmethod
    def of(cls, metadata: dict[str, str] | None) -> Mark:
        """The mark in custom metadata; of what is not ours, one that any other replaces."""
        found = metadata or {}
        generation = found.get(MARK, "")
        return cls(int(generation) if generation.isdecimal() else 0, found.get(OUTCOME) == "final")


def place(prefix: Location, upload: Upload, suffix: str = "") -> Location:
    """Where something about an upload is stored: `prefix/bucket/name`, and for long names a digest of the name."""
    found = prefix.child(upload.bucket, f"{upload.name}{suffix}")
    if len(found.name.encode()) <= MAX_NAME:
        return found
    digest = hashlib.sha256(upload.name.encode()).hexdigest()
    return prefix.child(LONG_NAMES, upload.bucket, f"{digest}{suffix}")


def document(upload: Upload, found: dict[str, Any], classifier: Classifier | None) -> dict[str, Any]:
    """The JSON of a result: `found` is its predictions or its error; no model where none could be loaded."""
    source = {
        "bucket": upload.bucket,
        "name": upload.name,
        "generation": str(upload.generation),
        "content_type": upload.content_type,
        "size": upload.size,
    }
    model = documents.model(classifier) if classifier else {"model": None}
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    return found | {"source": source} | model | {"classified_at": now}
