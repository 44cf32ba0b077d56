"""A part of what there is to do, small enough to be sent about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b


@dataclass(frozen=True)
class ListingPage:
    """A span of names, from `start` on and before `end` unless that is empty, and those in it that are to be labelled.

    They are known by digests of eight bytes, as a runner may hold the pages of millions of pictures.
    """

    start: str = ""
    end: str = ""
    digests: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, names: Sequence[str]) -> ListingPage:
        """The page from the first to the last of these names."""
        return cls(names[0], f"{names[-1]}\0", tuple(map(digest, names)))


WHOLE = ListingPage()
"""All names; which of them are to be labelled is yet to be seen."""


def digest(name: str) -> bytes:
    """The digest of a name."""
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
