"""The settings of `classify_upload` alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from settings import values
from settings.common import MIN_SCORE
from settings.setting import BACKFILL, UPLOAD, BadSetting, NoDefault, Setting
from storage.location import GS, Location

RESULTS: Setting[Location] = Setting(
    "RESULTS",
    values.prefix,
    NoDefault.REQUIRED,
    (UPLOAD,),
    "where the labels of uploads are stored, gs://bucket/prefix",
    unset="required by classify_upload",
    example="gs://results/labels",
)
BUCKET: Setting[str | None] = Setting(
    "BUCKET",
    values.bucket,
    None,
    (UPLOAD,),
    "the bucket whose uploads are labelled, checked against RESULTS and FAILED at start",
    unset="not checked",
    example="photos",
)
MAX_EVENT_AGE = Setting(
    "MAX_EVENT_AGE",
    values.seconds,
    23 * 3600.0,
    (UPLOAD,),
    "seconds after which a fault is recorded, not retried",
    unset="82800",
    example="43200",
)
FAILED: Setting[Location | None] = Setting(
    "FAILED",
    values.prefix,
    None,
    (UPLOAD,),
    "gs://bucket/prefix for copies of uploads that got no labels",
    unset="no copies",
    example="gs://failed/look",
)
INCLUDE: Setting[tuple[str, ...]] = Setting(
    "INCLUDE",
    values.patterns,
    (),
    (UPLOAD,),
    "patterns of names of uploads to label, with commas",
    unset="all",
    example="in/**, **/*.{jpg,JPG}",
)
EXCLUDE: Setting[tuple[str, ...]] = Setting(
    "EXCLUDE",
    values.patterns,
    (),
    (UPLOAD,),
    "patterns of names to leave alone",
    unset="none",
    example="**/tmp/**",
)
ANNOTATE = Setting(
    "ANNOTATE",
    values.switch,
    False,
    (UPLOAD,),
    "1: write the labels that it is given into the upload's own metadata too",
    unset="0",
    example="1",
)
TOP_K: Setting[int | None] = Setting(
    "TOP_K",
    values.count,
    None,
    (UPLOAD, BACKFILL),
    "most labels of a picture that are stored, the best",
    unset="all",
    example="5",
)
SETTINGS = (RESULTS, BUCKET, MAX_EVENT_AGE, FAILED, INCLUDE, EXCLUDE, ANNOTATE, TOP_K)


@dataclass(frozen=True)
class UploadSettings:
    """The settings of `classify_upload` alone."""

    results: Location
    failed: Location | None = FAILED.fallback
    bucket: str | None = BUCKET.fallback
    include: tuple[str, ...] = INCLUDE.fallback
    exclude: tuple[str, ...] = EXCLUDE.fallback
    """Patterns as `storage/globs.py` matches them, and so are those before."""
    annotate: bool = ANNOTATE.fallback
    max_event_age: float = MAX_EVENT_AGE.fallback
    """Seconds."""
    top_k: int | None = TOP_K.fallback
    min_score: float | None = MIN_SCORE.fallback

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> UploadSettings:
        """Read the settings; BadSetting names the first that is missing, wrong, or would make the function loop."""
        bucket = BUCKET.of(environ)
        settings = cls(
            results=RESULTS.of(environ),
            failed=FAILED.of(environ),
            bucket=bucket,
            include=INCLUDE.of(environ, bucket),
            exclude=EXCLUDE.of(environ, bucket),
            annotate=ANNOTATE.of(environ),
            max_event_age=MAX_EVENT_AGE.of(environ),
            top_k=TOP_K.of(environ),
            min_score=MIN_SCORE.of(environ),
        )
        settings.check_apart()
        if bucket:
            settings.check_watched(bucket)
        return settings

    def check_apart(self) -> None:
        """BadSetting when a copy of a picture could take the place of a result."""
        if self.failed and (self.failed.overlaps(self.results) or self.results.overlaps(self.failed)):
            raise BadSetting(FAILED.name, f"is {self.failed}, which overlaps RESULTS, {self.results}")

    def check_watched(self, bucket: str) -> None:
        """BadSetting when all of the bucket whose uploads are classified is a place for what is stored here."""
        for setting, location in ((RESULTS, self.results), (FAILED, self.failed)):
            if location and location.bucket == bucket and not location.name:
                example = f"{GS}{bucket}/{setting.name.lower()}"
                reason = f"is all of the watched bucket: give it a prefix, such as {example}"
                raise BadSetting(setting.name, reason)
