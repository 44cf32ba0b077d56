"""The environment variables that configure the functions, read in this one place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from predictor import Limits
from service.location import GS, Location

MAX_PREFIX = 512  # bytes; what is stored has a longer name, and 1,024 are all that a name may have
PLATFORM_TIMEOUT = "CLOUD_RUN_TIMEOUT_SECONDS"  # the platform's own variable
DEFAULT_TIMEOUT = 60.0  # seconds; what the platform gives unless it was told


class BadSetting(ValueError):
    """The environment variable `name` is missing or holds a value that cannot be used."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} {reason}")
        self.name = name
        self.reason = reason


@dataclass(frozen=True)
class Settings:
    """The settings of both functions; README has the table."""

    model: str
    limits: Limits
    timeout: float
    """Seconds that the platform gives one request or event."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings; BadSetting names the first that is missing or wrong."""
        return cls(
            model=_model(environ),
            limits=Limits(
                max_bytes=_positive(environ, "MAX_BYTES", Limits.max_bytes),
                max_pixels=_positive(environ, "MAX_PIXELS", Limits.max_pixels),
            ),
            timeout=_timeout(environ),
        )


@dataclass(frozen=True)
class UploadSettings:
    """The settings of `classify_upload` alone."""

    results: Location
    failed: Location | None
    bucket: str | None
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    annotate: bool
    max_event_age: float
    """Seconds."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> UploadSettings:
        """Read the settings; BadSetting names the first that is missing, wrong, or would make the function loop."""
        results = _location(environ, "RESULTS")
        if results is None:
            raise BadSetting("RESULTS", "is not set: it names where labels are stored, gs://bucket/prefix")
        settings = cls(
            results=results,
            failed=_location(environ, "FAILED"),
            bucket=_optional(environ, "BUCKET"),
            include=_list(environ, "INCLUDE"),
            exclude=_list(environ, "EXCLUDE"),
            annotate=_switch(environ, "ANNOTATE"),
            max_event_age=_seconds(environ, "MAX_EVENT_AGE", 23 * 3600),
        )
        settings.check_apart()
        if settings.bucket:
            settings.check_watched(settings.bucket)
        return settings

    def check_apart(self) -> None:
        """BadSetting when a copy of a picture could take the place of a result."""
        if self.failed and (self.failed.overlaps(self.results) or self.results.overlaps(self.failed)):
            raise BadSetting("FAILED", f"is {self.failed}, which overlaps RESULTS, {self.results}")

    def check_watched(self, bucket: str) -> None:
        """BadSetting when all of the bucket whose uploads are classified is a place for what is stored here."""
        for name, location in (("RESULTS", self.results), ("FAILED", self.failed)):
            if location and location.bucket == bucket and not location.name:
                reason = f"is all of the watched bucket: give it a prefix, such as {GS}{bucket}/{name.lower()}"
                raise BadSetting(name, reason)


@dataclass(frozen=True)
class HttpSettings:
    """The settings of `classify` alone; the routes are those that Vertex AI asks of a container."""

    max_instances: int
    read_buckets: tuple[str, ...]
    cors_origins: tuple[str, ...]
    health_route: str | None
    predict_route: str | None
    timeout: float
    """Seconds that the platform gives one request."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> HttpSettings:
        """Read the settings; BadSetting names the first that is wrong."""
        return cls(
            max_instances=_positive(environ, "MAX_INSTANCES", 100),
            read_buckets=_list(environ, "READ_BUCKETS"),
            cors_origins=_list(environ, "CORS_ORIGINS"),
            health_route=_route(environ, "AIP_HEALTH_ROUTE"),
            predict_route=_route(environ, "AIP_PREDICT_ROUTE"),
            timeout=_timeout(environ),
        )


def wants_warm_up(environ: Mapping[str, str]) -> bool:
    """Whether WARMUP asks for the model to be loaded before the first request; BadSetting for other values."""
    return _switch(environ, "WARMUP")


def _model(environ: Mapping[str, str]) -> str:
    """Vertex AI puts a model's files where AIP_STORAGE_URI says."""
    folder = _optional(environ, "AIP_STORAGE_URI")
    if folder and not environ.get("MODEL"):
        return f"{folder.rstrip('/')}/model.onnx"
    return _required(environ, "MODEL", "the path or gs:// address of a model.onnx")


def _required(environ: Mapping[str, str], name: str, meaning: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise BadSetting(name, f"is not set: it names {meaning}")
    return value


def _optional(environ: Mapping[str, str], name: str) -> str | None:
    return environ.get(name) or None


def _location(environ: Mapping[str, str], name: str) -> Location | None:
    value = environ.get(name, "")
    try:
        location = Location.parse(value) if value else None
    except ValueError as error:
        raise BadSetting(name, f"cannot be used: {error}") from error
    if location and len(location.name.encode()) > MAX_PREFIX:
        raise BadSetting(name, f"has a prefix of more than {MAX_PREFIX} bytes")
    return location


def _positive(environ: Mapping[str, str], name: str, default: int) -> int:
    value = environ.get(name, "")
    if not value:
        return default
    if not value.isdecimal() or int(value) == 0:
        raise BadSetting(name, f"is {value!r}, not a whole number above zero")
    return int(value)


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    value = environ.get(name, "")
    if not value:
        return default
    try:
        seconds = float(value)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise BadSetting(name, f"is {value!r}, not a number of seconds above zero")
    return seconds


def _timeout(environ: Mapping[str, str]) -> float:
    return _seconds(environ, "TIMEOUT_SECONDS", _seconds(environ, PLATFORM_TIMEOUT, DEFAULT_TIMEOUT))


def _list(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    parts = (part.strip() for part in environ.get(name, "").split(","))
    return tuple(part for part in parts if part)


def _route(environ: Mapping[str, str], name: str) -> str | None:
    value = environ.get(name, "")
    if value and (not value.startswith("/") or "<" in value):
        raise BadSetting(name, f"is {value!r}, not a path")
    return value or None


def _switch(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name, "")
    if value not in ("", "0", "1"):
        raise BadSetting(name, f"is {value!r}, neither 1 nor 0")
    return value == "1"
