"""The settings of the functions, each read from its environment variable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from service.location import GS, Location
from service.settings import table
from service.settings.table import BadSetting

if TYPE_CHECKING:
    from predictor import Limits


@dataclass(frozen=True)
class Settings:
    """The settings of both functions."""

    model: str
    max_bytes: int
    max_pixels: int
    timeout: float
    """Seconds that the platform gives one request or event."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings; BadSetting names the first that is missing or wrong."""
        return cls(
            model=_model(environ),
            max_bytes=table.MAX_BYTES.of(environ),
            max_pixels=table.MAX_PIXELS.of(environ),
            timeout=_timeout(environ),
        )

    @property
    def limits(self) -> Limits:
        """How large a file and its picture may be."""
        from predictor import Limits  # brings NumPy, which a check of settings does without

        return Limits(self.max_bytes, self.max_pixels)


@dataclass(frozen=True)
class UploadSettings:
    """The settings of `classify_upload` alone."""

    results: Location
    failed: Location | None
    bucket: str | None
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    """Patterns as `service/globs.py` matches them, and so are those before."""
    annotate: bool
    max_event_age: float
    """Seconds."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> UploadSettings:
        """Read the settings; BadSetting names the first that is missing, wrong, or would make the function loop."""
        bucket = table.BUCKET.of(environ)
        settings = cls(
            results=table.RESULTS.of(environ),
            failed=table.FAILED.of(environ),
            bucket=bucket,
            include=table.INCLUDE.of(environ, bucket),
            exclude=table.EXCLUDE.of(environ, bucket),
            annotate=table.ANNOTATE.of(environ),
            max_event_age=table.MAX_EVENT_AGE.of(environ),
        )
        settings.check_apart()
        if bucket:
            settings.check_watched(bucket)
        return settings

    def check_apart(self) -> None:
        """BadSetting when a copy of a picture could take the place of a result."""
        if self.failed and (self.failed.overlaps(self.results) or self.results.overlaps(self.failed)):
            raise BadSetting(table.FAILED.name, f"is {self.failed}, which overlaps RESULTS, {self.results}")

    def check_watched(self, bucket: str) -> None:
        """BadSetting when all of the bucket whose uploads are classified is a place for what is stored here."""
        for setting, location in ((table.RESULTS, self.results), (table.FAILED, self.failed)):
            if location and location.bucket == bucket and not location.name:
                example = f"{GS}{bucket}/{setting.name.lower()}"
                reason = f"is all of the watched bucket: give it a prefix, such as {example}"
                raise BadSetting(setting.name, reason)


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
            max_instances=table.MAX_INSTANCES.of(environ),
            read_buckets=table.READ_BUCKETS.of(environ),
            cors_origins=table.CORS_ORIGINS.of(environ),
            health_route=table.HEALTH_ROUTE.of(environ),
            predict_route=table.PREDICT_ROUTE.of(environ),
            timeout=_timeout(environ),
        )


def wants_warm_up(environ: Mapping[str, str]) -> bool:
    """Whether the model is to be loaded before the first request; BadSetting where that cannot be understood."""
    return table.WARMUP.of(environ)


def _model(environ: Mapping[str, str]) -> str:
    """Vertex AI says where a model's files are."""
    folder = table.STORAGE_URI.of(environ)
    if folder and not environ.get(table.MODEL.name, "").strip():
        return f"{folder.rstrip('/')}/model.onnx"
    return table.MODEL.of(environ)


def _timeout(environ: Mapping[str, str]) -> float:
    return table.TIMEOUT_SECONDS.of(environ) or table.PLATFORM_TIMEOUT.of(environ)
