"""Which of two results for one object stays: what is known of a result beside its document, and how it is compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from storage.upload import Upload

SOURCE_GENERATION = "source-generation"
"""The key, in the custom metadata of all that is stored here, of the generation that it describes."""
OUTCOME = "outcome"
MODEL = "model-version"
SIZE, PATH = "source-size", "source-path"
"""Beside them, where the source is a file; the path percent-encoded, as metadata are sent in headers, too."""
MAX_PATH = 6000  # bytes; all metadata of an object have 8,192
PICTURE_STATUSES = (400, 413, 415, 422)
"""Statuses of records that say what is wrong with a picture: they are final; others are about faults."""
_NUMBER = re.compile("-?[0-9]{1,20}")
_BEFORE_ALL = -(10**20)


@dataclass(frozen=True)
class FileSource:
    """A source that is a file of a machine: its absolute path less the first slash, and its size in bytes."""

    path: str = ""
    """Empty where it is not known, or too long."""
    size: int | None = None
    """None where it is not known."""

    @classmethod
    def of(cls, upload: Upload) -> FileSource | None:
        """None of what is in a bucket."""
        return None if upload.bucket else cls(upload.name, upload.size)

    @classmethod
    def of_source(cls, source: Mapping[str, Any]) -> FileSource | None:
        """The same, as a stored document names its source."""
        if source.get("bucket"):
            return None
        path, size = source.get("name"), source.get("size")
        return cls(path if isinstance(path, str) else "", size if isinstance(size, int) else None)

    def metadata(self) -> dict[str, str]:
        """The same in custom metadata; nothing where the size is not known."""
        if self.size is None:
            return {}
        path = quote(self.path, errors="surrogatepass")
        return {SIZE: str(self.size)} | ({PATH: path} if self.path and len(path) <= MAX_PATH else {})


@dataclass(frozen=True)
class ResultVersion:
    """The version of a result: it decides which of two results for one object stays."""

    generation: int
    is_final: bool
    """False for the record of a fault: what a later attempt finds out replaces it."""
    model: str = ""
    """The version of the model that was asked; empty where none could be loaded."""
    relabels: bool = False
    """Whether it takes the place of what another model said of the same generation."""
    file: FileSource | None = None
    """Where generations are times of files, which are in no order: a file may be replaced by one with an older time."""

    def replaces(self, other: ResultVersion) -> bool:
        """Whether it is of a newer generation, or of the same and final where the other is not."""
        if self.file and not self.has_source_of(other):
            return True
        mine, theirs = (self.generation, self.is_final), (other.generation, other.is_final)
        return mine > theirs or (self.relabels and self.is_final and mine == theirs and self.model != other.model)

    def says_as_much_as(self, other: ResultVersion) -> bool:
        """Whether both are about the same generation, and both final or neither: one may stand for the other."""
        return (self.generation, self.is_final) == (other.generation, other.is_final)

    def has_source_of(self, other: ResultVersion) -> bool:
        """Whether both are about the same generation; of files that is the same time and size, whatever their paths."""
        sizes = {file.size for file in (self.file, other.file) if file}
        return self.generation == other.generation and len(sizes - {None}) <= 1

    @property
    def is_ours(self) -> bool:
        """False of what was not stored here, or is broken."""
        return self.generation != _BEFORE_ALL

    def metadata(self) -> dict[str, str]:
        """The version as custom metadata."""
        found = {SOURCE_GENERATION: str(self.generation), OUTCOME: "final" if self.is_final else "failed"}
        model = {MODEL: self.model} if self.model else {}
        return found | model | (self.file.metadata() if self.file else {})

    @classmethod
    def of(cls, metadata: Mapping[str, str] | None) -> ResultVersion:
        """The version in custom metadata; of what is not ours, one that any other replaces."""
        found = metadata or {}
        try:
            file = FileSource(unquote(found.get(PATH, "")), _number(found[SIZE])) if SIZE in found else None
            return cls(
                _number(found[SOURCE_GENERATION]), found.get(OUTCOME) == "final", found.get(MODEL, ""), file=file
            )
        except (KeyError, ValueError):
            return cls(_BEFORE_ALL, is_final=False)

    @classmethod
    def of_document(cls, document: Any) -> ResultVersion:
        """That of a stored document, where no metadata are kept; KeyError, TypeError or ValueError for others."""
        source, model, error = document["source"], document["model"], document.get("error")
        is_final = error is None or error["code"] in PICTURE_STATUSES
        version = model["version"] if model else ""
        if not isinstance(version, str) or (error is None and not isinstance(document["predictions"], list)):
            raise TypeError("it has no list of predictions, or no version of a model")
        return cls(_number(source["generation"]), is_final, version, file=FileSource.of_source(source))


def _number(text: Any) -> int:
    """A whole number as it is written here: int() reads digits of all scripts, and is slow where there are many."""
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise ValueError("it is no whole number")
    return int(text)
