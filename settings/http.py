"""The settings of `classify` alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from settings import values
from settings.common import MIN_SCORE, PLATFORM_TIMEOUT, timeout
from settings.setting import HTTP, Setting

MAX_INSTANCES = Setting("MAX_INSTANCES", values.count, 100, (HTTP,), "most pictures in one HTTP request", example="20")
READ_BUCKETS: Setting[tuple[str, ...]] = Setting(
    "READ_BUCKETS",
    values.buckets,
    (),
    (HTTP,),
    "buckets, with commas, whose pictures HTTP requests may name by gs:// address",
    unset="none",
    example="photos, pets",
)
CORS_ORIGINS: Setting[tuple[str, ...]] = Setting(
    "CORS_ORIGINS",
    values.origins,
    (),
    (HTTP,),
    "origins, with commas, whose pages may ask over HTTP",
    unset="none",
    example="https://example.com",
)
HEALTH_ROUTE: Setting[str | None] = Setting(
    "AIP_HEALTH_ROUTE",
    values.route,
    None,
    (HTTP,),
    "the path that tells whether it is ready",
    set_by="Vertex AI",
    example="/ready",
)
PREDICT_ROUTE: Setting[str | None] = Setting(
    "AIP_PREDICT_ROUTE",
    values.route,
    None,
    (HTTP,),
    "the path that takes pictures",
    set_by="Vertex AI",
    example="/v1/endpoints/1/deployedModels/2:predict",
)
SETTINGS = (MAX_INSTANCES, READ_BUCKETS, CORS_ORIGINS, HEALTH_ROUTE, PREDICT_ROUTE)


@dataclass(frozen=True)
class HttpSettings:
    """The settings of `classify` alone; the routes are those that Vertex AI asks of a container."""

    max_instances: int = MAX_INSTANCES.fallback
    read_buckets: tuple[str, ...] = READ_BUCKETS.fallback
    cors_origins: tuple[str, ...] = CORS_ORIGINS.fallback
    health_route: str | None = HEALTH_ROUTE.fallback
    predict_route: str | None = PREDICT_ROUTE.fallback
    min_score: float | None = MIN_SCORE.fallback
    timeout: float = PLATFORM_TIMEOUT.fallback
    """Seconds that the platform gives one request."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> HttpSettings:
        """Read the settings; BadSetting names the first that is wrong."""
        return cls(
            max_instances=MAX_INSTANCES.of(environ),
            read_buckets=READ_BUCKETS.of(environ),
            cors_origins=CORS_ORIGINS.of(environ),
            health_route=HEALTH_ROUTE.of(environ),
            predict_route=PREDICT_ROUTE.of(environ),
            min_score=MIN_SCORE.of(environ),
            timeout=timeout(environ),
        )
