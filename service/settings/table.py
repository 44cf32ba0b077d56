"""All settings: the functions, `deploy.sh`, the backfill, README's table and the tests read what is said here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Generic, TypeVar

from service.location import Location
from service.settings import values

T = TypeVar("T")

HTTP, UPLOAD, BACKFILL = "classify", "classify_upload", "backfill"
"""Those that read settings."""
BOTH, ALL = (HTTP, UPLOAD), (HTTP, UPLOAD, BACKFILL)
MOST_SECONDS = 3600
"""That Google's platform gives one request."""


class NoDefault(Enum):
    """What takes the place of a default."""

    REQUIRED = "required"


class BadSetting(ValueError):
    """The environment variable `name` is missing or holds a value that cannot be used."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} {reason}")
        self.name = name
        self.reason = reason


class Setting(Generic[T]):
    """One environment variable: how its text is read, what holds where it is not set, who reads it, what it means."""

    def __init__(
        self,
        name: str,
        read: Callable[..., T],
        default: T | NoDefault,
        readers: tuple[str, ...],
        meaning: str,
        *,
        unset: str = "",
        set_by: str = "",
    ) -> None:
        """`unset` says what the default means, where it does not speak for itself; `set_by`, who sets it if not you."""
        self.name = name
        self.read = read
        self.default = default
        self.readers = readers
        self.meaning = meaning
        self.unset = unset or str(default)
        self.set_by = set_by

    def parse(self, raw: str, *context: object) -> T:
        """The value of a text; BadSetting says what is wrong with it."""
        try:
            return self.read(values.text(raw), *context)
        except values.BadValue as error:
            raise BadSetting(self.name, str(error)) from error

    def of(self, environ: Mapping[str, str], *context: object) -> T:
        """The value in an environment; blanks are the same as nothing."""
        raw = environ.get(self.name, "")
        if raw.strip():
            return self.parse(raw, *context)
        if self.default is NoDefault.REQUIRED:
            raise BadSetting(self.name, f"is not set: it names {self.meaning}")
        return self.default


MODEL: Setting[str] = Setting(
    "MODEL", values.model, NoDefault.REQUIRED, BOTH, "the path or gs:// address of a model.onnx", unset="required"
)
MAX_BYTES = Setting("MAX_BYTES", values.count, 32 * 1024 * 1024, ALL, "largest image file, and largest request")
MAX_PIXELS = Setting("MAX_PIXELS", values.count, 64_000_000, ALL, "largest picture, width times height")
WARMUP = Setting(
    "WARMUP",
    values.switch,
    False,
    BOTH,
    "1: load the model when a worker starts, not at the first request",
    unset="0",
)
MAX_INSTANCES = Setting("MAX_INSTANCES", values.count, 100, (HTTP,), "most pictures in one HTTP request")
READ_BUCKETS: Setting[tuple[str, ...]] = Setting(
    "READ_BUCKETS",
    values.buckets,
    (),
    (HTTP,),
    "buckets, with commas, whose pictures HTTP requests may name by gs:// address",
    unset="none",
)
CORS_ORIGINS: Setting[tuple[str, ...]] = Setting(
    "CORS_ORIGINS", values.origins, (), (HTTP,), "origins, with commas, whose pages may ask over HTTP", unset="none"
)
RESULTS: Setting[Location] = Setting(
    "RESULTS",
    values.prefix,
    NoDefault.REQUIRED,
    (UPLOAD,),
    "where the labels of uploads are stored, gs://bucket/prefix",
    unset="required by classify_upload",
)
BUCKET: Setting[str | None] = Setting(
    "BUCKET",
    values.bucket,
    None,
    (UPLOAD,),
    "the bucket whose uploads are labelled, checked against RESULTS and FAILED at start",
    unset="not checked",
)
TIMEOUT_SECONDS: Setting[float | None] = Setting(
    "TIMEOUT_SECONDS",
    values.seconds_up_to(MOST_SECONDS, "Google's platform"),
    None,
    ALL,
    "seconds that the platform gives a request or an event",
    unset="the platform's, else 60",
)
MAX_EVENT_AGE = Setting(
    "MAX_EVENT_AGE",
    values.seconds,
    23 * 3600.0,
    (UPLOAD,),
    "seconds after which a fault is recorded, not retried",
    unset="82800",
)
FAILED: Setting[Location | None] = Setting(
    "FAILED",
    values.prefix,
    None,
    (UPLOAD,),
    "gs://bucket/prefix for copies of uploads that got no labels",
    unset="no copies",
)
INCLUDE: Setting[tuple[str, ...]] = Setting(
    "INCLUDE", values.patterns, (), (UPLOAD,), "patterns of names of uploads to label, with commas", unset="all"
)
EXCLUDE: Setting[tuple[str, ...]] = Setting(
    "EXCLUDE", values.patterns, (), (UPLOAD,), "patterns of names to leave alone", unset="none"
)
ANNOTATE = Setting(
    "ANNOTATE",
    values.switch,
    False,
    (UPLOAD,),
    "1: write the best label into the upload's own metadata too",
    unset="0",
)

PLATFORM_TIMEOUT = Setting(
    "CLOUD_RUN_TIMEOUT_SECONDS", values.seconds, 60.0, BOTH, "seconds that it gives", set_by="Cloud Run"
)
STORAGE_URI: Setting[str | None] = Setting(
    "AIP_STORAGE_URI", str, None, BOTH, "the folder of the model, where MODEL is not set", set_by="Vertex AI"
)
HEALTH_ROUTE: Setting[str | None] = Setting(
    "AIP_HEALTH_ROUTE", values.route, None, (HTTP,), "the path that tells whether it is ready", set_by="Vertex AI"
)
PREDICT_ROUTE: Setting[str | None] = Setting(
    "AIP_PREDICT_ROUTE", values.route, None, (HTTP,), "the path that takes pictures", set_by="Vertex AI"
)

TABLE: tuple[Setting[Any], ...] = tuple(value for value in globals().values() if isinstance(value, Setting))
"""In the order of their definition."""
