"""The conditions a call can set on what is stored now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from emulator.errors import BadRequestError, NotModifiedError, PreconditionFailedError


class Version(NamedTuple):
    """Which state of an object or bucket is stored; generation 0 means none."""

    generation: int
    metageneration: int
    etag: str


ABSENT = Version(0, 0, "")


@dataclass(frozen=True)
class Preconditions:
    """Each field that is not None must hold, else the call is refused."""

    generation_match: int | None = None
    generation_not_match: int | None = None
    metageneration_match: int | None = None
    metageneration_not_match: int | None = None
    etag_match: str | None = None
    etag_not_match: str | None = None

    def check_write(self, current: Version) -> None:
        """Refuse with 412 when any condition does not hold."""
        if not self._matches(current) or self._is_excluded(current):
            raise PreconditionFailedError

    def check_read(self, current: Version) -> None:
        """Refuse with 412, or with 304 when the reader has this state already."""
        if not self._matches(current):
            raise PreconditionFailedError
        if self._is_excluded(current):
            raise NotModifiedError("Not Modified")

    def _matches(self, current: Version) -> bool:
        return (
            self.generation_match in (None, current.generation)
            and self.metageneration_match in (None, current.metageneration)
            and (self.etag_match is None or _names_etag(self.etag_match, current))
        )

    def _is_excluded(self, current: Version) -> bool:
        return (
            self.generation_not_match == current.generation
            or self.metageneration_not_match == current.metageneration
            or (self.etag_not_match is not None and _names_etag(self.etag_not_match, current))
        )


ALWAYS = Preconditions()


def parse_preconditions(values: Mapping[str, str], *, prefix: str = "if") -> Preconditions:
    """The conditions in a query or a JSON object, such as `ifGenerationMatch`."""
    return Preconditions(
        generation_match=parse_number(values, f"{prefix}GenerationMatch"),
        generation_not_match=parse_number(values, f"{prefix}GenerationNotMatch"),
        metageneration_match=parse_number(values, f"{prefix}MetagenerationMatch"),
        metageneration_not_match=parse_number(values, f"{prefix}MetagenerationNotMatch"),
    )


def parse_number(values: Mapping[str, str], key: str) -> int | None:
    """A whole number of at least 0, or None when the key is absent."""
    value = values.get(key)
    if value is None:
        return None
    if not str(value).isdecimal():
        raise BadRequestError(f"Invalid value for {key}: {value!r}")
    return int(value)


def _names_etag(header: str, current: Version) -> bool:
    """Whether an `If-Match` header speaks of this state; `*` speaks of any that exists."""
    etags = [etag.strip().strip('"') for etag in header.split(",")]
    return current != ABSENT and ("*" in etags or current.etag in etags)
