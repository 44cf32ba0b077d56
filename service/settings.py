"""The environment variables that configure the functions, read in this one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from predictor import Limits

GS = "gs://"


class BadSetting(ValueError):
    """The environment variable `name` is missing or holds a value that cannot be used."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} {reason}")
        self.name = name
        self.reason = reason


@dataclass(frozen=True)
class Location:
    """A place in Cloud Storage: an object, or a prefix without its closing slash."""

    bucket: str
    name: str

    @classmethod
    def parse(cls, uri: str) -> Location:
        """Read `gs://bucket/name`; ValueError for anything else."""
        bucket, _, name = uri.removeprefix(GS).partition("/")
        if not uri.startswith(GS) or not bucket:
            raise ValueError(f"{uri!r} is not of the form gs://bucket/name")
        return cls(bucket, name.rstrip("/"))

    def child(self, *parts: str) -> Location:
        """A place below this prefix."""
        return Location(self.bucket, "/".join(part for part in (self.name, *parts) if part))

    def holds(self, bucket: str, name: str) -> bool:
        """Whether an object lies below this prefix."""
        return bucket == self.bucket and (not self.name or name.startswith(f"{self.name}/"))

    def __str__(self) -> str:
        return f"{GS}{self.bucket}/{self.name}"


@dataclass(frozen=True)
class Settings:
    """All settings; README has the table."""

    model: str
    results: Location | None
    limits: Limits

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings; BadSetting names the first that is missing or wrong."""
        return cls(
            model=_required(environ, "MODEL", "the path or gs:// address of a model.onnx"),
            results=_location(environ, "RESULTS"),
            limits=Limits(
                max_bytes=_positive(environ, "MAX_BYTES", Limits.max_bytes),
                max_pixels=_positive(environ, "MAX_PIXELS", Limits.max_pixels),
            ),
        )

    def required_results(self) -> Location:
        """Where results go; BadSetting when it was not said."""
        if self.results is None:
            raise BadSetting("RESULTS", "is not set: it names where labels are stored, gs://bucket/prefix")
        return self.results


def _required(environ: Mapping[str, str], name: str, meaning: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise BadSetting(name, f"is not set: it names {meaning}")
    return value


def _location(environ: Mapping[str, str], name: str) -> Location | None:
    value = environ.get(name, "")
    try:
        return Location.parse(value) if value else None
    except ValueError as error:
        raise BadSetting(name, f"cannot be used: {error}") from error


def _positive(environ: Mapping[str, str], name: str, default: int) -> int:
    value = environ.get(name, "")
    if not value:
        return default
    if not value.isdecimal() or int(value) == 0:
        raise BadSetting(name, f"is {value!r}, not a whole number above zero")
    return int(value)
