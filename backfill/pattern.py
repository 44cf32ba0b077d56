"""Which pictures are asked for: a bucket or a folder, and a pattern of names."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from service import globs
from service.location import GS, Location

_WILDCARD = re.compile(r"[*?]")


@dataclass(frozen=True)
class Pattern:
    """Names in one bucket, as `service/globs.py` matches them; without a bucket, absolute paths less their slash."""

    bucket: str
    names: str

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read `gs://bucket/pattern` or a path; a folder, a bucket and a name that ends in / mean all that is below."""
        if text.startswith(GS):
            bucket, _, names = text.removeprefix(GS).partition("/")
            if not bucket or _WILDCARD.search(bucket):
                raise ValueError(f"{text!r} is not of the form gs://bucket/names")
        else:
            bucket, names = "", os.path.abspath(os.path.expanduser(text)).removeprefix("/")
            if os.path.isdir(f"/{names}"):
                names += "/"
        return cls(bucket, f"{names}**" if not names or names.endswith("/") else names)

    @property
    def prefix(self) -> str:
        """What all names begin with."""
        return _WILDCARD.split(self.names, maxsplit=1)[0]

    @property
    def folder(self) -> str:
        """The folder, with its closing slash, that all names lie below."""
        return self.prefix[: self.prefix.rfind("/") + 1]

    def matches(self, name: str) -> bool:
        """Whether a name is asked for."""
        return globs.matches(name, [self.names])

    def reaches_below(self, folder: str) -> bool:
        """Whether names below a folder, whose name ends in a slash, may be asked for."""
        return _reaches_below(self.names, folder)

    def __str__(self) -> str:
        return str(Location(self.bucket, self.names))


def _reaches_below(names: str, folder: str) -> bool:
    parts, segments = names.split("/"), folder.split("/")[:-1]
    for part, segment in zip(parts, segments):
        if "**" in part:
            return True
        if not globs.matches(segment, [part]):
            return False
    return len(parts) > len(segments)
