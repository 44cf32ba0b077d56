"""Where objects are."""

from __future__ import annotations

import os
from dataclasses import dataclass

GS = "gs://"
MAX_NAME = 1024
"""Bytes of UTF-8 in the name of an object; https://cloud.google.com/storage/docs/objects#naming."""


@dataclass(frozen=True)
class Location:
    """A place in Cloud Storage: an object, or a prefix without its closing slash.

    Without a bucket it is a file or folder of this machine, by its absolute path less the slash it begins with.
    """

    bucket: str
    name: str

    @classmethod
    def parse(cls, uri: str) -> Location:
        """Read `gs://bucket/name`; ValueError for anything else."""
        bucket, _, name = uri.removeprefix(GS).partition("/")
        if not uri.startswith(GS) or not bucket:
            raise ValueError(f"{uri!r} is not of the form gs://bucket/name")
        return cls(bucket, name.rstrip("/"))

    @classmethod
    def of_path(cls, path: str) -> Location:
        """A file or folder of this machine."""
        return cls("", os.path.abspath(path).removeprefix("/"))

    @property
    def below(self) -> str:
        """The beginning of names below this prefix."""
        return f"{self.name}/" if self.name else ""

    def child(self, *parts: str) -> Location:
        """A place below this prefix."""
        return Location(self.bucket, "/".join(part for part in (self.name, *parts) if part))

    def holds(self, bucket: str, name: str) -> bool:
        """Whether an object lies below this prefix."""
        return bucket == self.bucket and name.startswith(self.below)

    def overlaps(self, other: Location) -> bool:
        """Whether the other prefix is this one, or lies below it."""
        return self == other or self.holds(other.bucket, other.name)

    def __str__(self) -> str:
        return f"{GS}{self.bucket}/{self.name}" if self.bucket else f"/{self.name}"
