"""What is stored about an upload, and where."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from predictor import ModelInfo
from service import documents
from service.errors import PICTURE_STATUSES
from service.location import Location
from service.upload import Upload

MARK = "source-generation"
"""The key, in the custom metadata of all that is stored here, of the generation that it describes."""
OUTCOME = "outcome"
MODEL = "model-version"
MAX_NAME = 1024  # bytes of UTF-8 in an object's name
LONG_NAMES, GENERATIONS = "_long-names", "_generations"  # no bucket can have these names: no other results lie there


@dataclass(frozen=True)
class Mark:
    """What decides which of two results for one object stays."""

    generation: int
    is_final: bool
    """False for the record of a fault: what a later attempt finds out replaces it."""
    model: str = ""
    """The version of the model that was asked; empty where none could be loaded."""
    relabels: bool = False
    """Whether it takes the place of what another model said of the same generation."""

    def replaces(self, other: Mark) -> bool:
        """Whether it is of a newer generation, or of the same and final where the other is not."""
        mine, theirs = (self.generation, self.is_final), (other.generation, other.is_final)
        return mine > theirs or (self.relabels and self.is_final and mine == theirs and self.model != other.model)

    def metadata(self) -> dict[str, str]:
        """The mark as custom metadata."""
        found = {MARK: str(self.generation), OUTCOME: "final" if self.is_final else "failed"}
        return found | {MODEL: self.model} if self.model else found

    @classmethod
    def of(cls, metadata: Mapping[str, str] | None) -> Mark:
        """The mark in custom metadata; of what is not ours, one that any other replaces."""
        found = metadata or {}
        generation = found.get(MARK, "")
        return cls(
            int(generation) if generation.isdecimal() else 0, found.get(OUTCOME) == "final", found.get(MODEL, "")
        )

    @classmethod
    def of_document(cls, document: Any) -> Mark:
        """The mark of a stored document, where no metadata are kept; KeyError, TypeError or ValueError for others."""
        model, error = document["model"], document.get("error")
        is_final = error is None or error["code"] in PICTURE_STATUSES
        return cls(int(document["source"]["generation"]), is_final, model["version"] if model else "")


def place(prefix: Location, upload: Upload, suffix: str = "") -> Location:
    """Where something about an upload is stored: `prefix/bucket/name`, and for long names a digest of the name."""
    found = prefix.child(upload.bucket, f"{upload.name}{suffix}")
    if len(found.name.encode()) <= MAX_NAME:
        return found
    digest = hashlib.sha256(upload.name.encode()).hexdigest()
    return prefix.child(LONG_NAMES, upload.bucket, f"{digest}{suffix}")


def place_beside(prefix: Location, upload: Upload, mark: Mark, suffix: str = "") -> Location:
    """Where it is stored when what is at its place may not be replaced: `prefix/_generations/bucket/name/generation`.

    The record of a fault has a place of its own, so that it is never in the way of what a later attempt finds out.
    """
    name = f"{upload.generation}{suffix}" if mark.is_final else f"{upload.generation}-failed{suffix}"
    found = prefix.child(GENERATIONS, upload.bucket, upload.name, name)
    if len(found.name.encode()) <= MAX_NAME:
        return found
    return prefix.child(LONG_NAMES, upload.bucket, hashlib.sha256(upload.name.encode()).hexdigest(), name)


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
