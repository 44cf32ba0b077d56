"""The settings of both functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from settings import values
from settings.setting import ALL, BOTH, NoDefault, Setting

if TYPE_CHECKING:
    from predictor import Limits

MOST_SECONDS = 3600
"""That Google's platform gives one request."""

MODEL: Setting[str] = Setting(
    "MODEL",
    values.model,
    NoDefault.REQUIRED,
    BOTH,
    "the path or gs:// address of a model.onnx",
    unset="required",
    example="gs://models/v 1/ä#?.onnx",
)
MAX_BYTES = Setting(
    "MAX_BYTES", values.count, 32 * 1024 * 1024, ALL, "largest image file, and largest request", example="5000000"
)
MAX_PIXELS = Setting(
    "MAX_PIXELS", values.count, 1 << 26, ALL, "largest picture, width times height", example="36000000"
)
TIMEOUT_SECONDS: Setting[float | None] = Setting(
    "TIMEOUT_SECONDS",
    values.seconds_up_to(MOST_SECONDS, "Google's platform"),
    None,
    ALL,
    "seconds that the platform gives a request or an event",
    unset="the platform's, else 60",
    example="240",
)
MIN_SCORE: Setting[float | None] = Setting(
    "MIN_SCORE",
    values.score,
    None,
    ALL,
    "least score of a label that is given and stored",
    unset="0.5 to give one of several, none to store it",
    example="0.5",
)
WARMUP = Setting(
    "WARMUP",
    values.switch,
    False,
    BOTH,
    "1: load the model when a worker starts, not at the first request",
    unset="0",
    example="1",
)
PLATFORM_TIMEOUT = Setting(
    "CLOUD_RUN_TIMEOUT_SECONDS", values.seconds, 60.0, BOTH, "seconds that it gives", set_by="Cloud Run", example="300"
)
STORAGE_URI: Setting[str | None] = Setting(
    "AIP_STORAGE_URI",
    str,
    None,
    BOTH,
    "the folder of the model, where MODEL is not set",
    set_by="Vertex AI",
    example="gs://models/pets",
)
SETTINGS = (MODEL, MAX_BYTES, MAX_PIXELS, TIMEOUT_SECONDS, MIN_SCORE, WARMUP, PLATFORM_TIMEOUT, STORAGE_URI)


@dataclass(frozen=True)
class Settings:
    """The settings of both functions."""

    model: str
    max_bytes: int = MAX_BYTES.fallback
    max_pixels: int = MAX_PIXELS.fallback
    timeout: float = PLATFORM_TIMEOUT.fallback
    """Seconds that the platform gives one request or event."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings; BadSetting names the first that is missing or wrong."""
        return cls(
            model=_model(environ),
            max_bytes=MAX_BYTES.of(environ),
            max_pixels=MAX_PIXELS.of(environ),
            timeout=timeout(environ),
        )

    @property
    def limits(self) -> Limits:
        """How large a file and its picture may be."""
        from predictor import Limits  # brings NumPy, which a check of settings does without

        return Limits(self.max_bytes, self.max_pixels)


def wants_warm_up(environ: Mapping[str, str]) -> bool:
    """Whether the model is to be loaded before the first request; BadSetting where that cannot be understood."""
    return WARMUP.of(environ)


def timeout(environ: Mapping[str, str]) -> float:
    """Seconds that the platform gives one request or event."""
    return TIMEOUT_SECONDS.of(environ) or PLATFORM_TIMEOUT.of(environ)


def _model(environ: Mapping[str, str]) -> str:
    """Vertex AI says where a model's files are."""
    folder = STORAGE_URI.of(environ)
    if folder and values.is_blank(environ.get(MODEL.name, "")):
        return f"{folder.rstrip('/')}/model.onnx"
    return MODEL.of(environ)
