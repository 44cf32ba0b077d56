"""Which pictures are asked for: a bucket or a folder, and a pattern of names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache

from settings import values
from storage import globs, patterns
from storage.location import GS, Location
from storage.patterns import BadPattern


@dataclass(frozen=True)
class Pattern:
    """Names in one bucket, as `storage/patterns.py` reads them; without a bucket, absolute paths less their slash."""

    bucket: str
    names: str

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read `gs://bucket/pattern` or a path; a folder, a bucket and a name that ends in / mean all that is below.

        ValueError says what cannot be meant.
        """
        bucket, names = _in_bucket(text) if text.startswith(GS) else ("", _path(text))
        _plain(names)
        return cls(bucket, f"{names}**" if not names or names.endswith("/") else names)

    def matches(self, name: str) -> bool:
        """Whether a name is asked for."""
        return globs.matches(name, _plain(self.names))

    def excluding(self, text: str) -> tuple[str, ...]:
        """The patterns of names that are left out: of whole names, as here. ValueError says what cannot be meant."""
        if self.bucket:
            return patterns.parse(values.text(text), self.bucket)
        if not text.startswith(("/", "**/")):
            raise BadPattern(text, "is no whole path, as names are here: begin it with / or with **/")
        return patterns.parse(_path(text) if text.startswith("/") else text, self.bucket)

    @property
    def prefix(self) -> str:
        """The beginning of all names."""
        heads = [globs.prefix(plain) for plain in _plain(self.names)]
        return os.path.commonprefix(heads)  # noqa: RUF071 - characters are meant, not segments

    @property
    def folder(self) -> str:
        """The folder, with its closing slash, that all names lie below."""
        return self.prefix[: self.prefix.rfind("/") + 1]

    def reaches_below(self, folder: str) -> bool:
        """Whether names below a folder, whose name ends in a slash, may be asked for."""
        return any(_reaches_below(plain, folder) for plain in _plain(self.names))

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


@lru_cache(maxsize=4)
def _plain(names: str) -> tuple[str, ...]:
    return patterns.parse(names) or ("**",)


def _in_bucket(text: str) -> tuple[str, str]:
    address = values.text(text)
    bucket, _, names = address.removeprefix(GS).partition("/")
    if not bucket or globs.is_wild(bucket):
        raise ValueError(f"{text!r} is not of the form gs://bucket/names")
    patterns.parse(address, bucket)
    return bucket, names


def _path(text: str) -> str:
    """A pattern of whole paths; folders and files that are there are meant as they stand, whatever their names hold."""
    path = os.path.abspath(os.path.expanduser(text))
    there, names = "", [name for name in path.split("/") if name]
    while names and os.path.lexists(f"{there}/{names[0]}"):
        there += f"/{names.pop(0)}"
    if text.endswith("/") or (not names and os.path.isdir(path)):
        names.append("")
    return "/".join([patterns.escape(there), *names]).removeprefix("/")
