"""Which objects are pictures to classify; everything that selects objects asks here."""

from __future__ import annotations

import re
from collections.abc import Mapping

from settings import UploadSettings
from storage import globs
from storage.result_version import SOURCE_GENERATION

TEMPORARY = re.compile(
    r"(^|/)(gcloud|gsutil)/tmp/parallel_composite_uploads/"  # gcloud storage; gsutil, below a random prefix
    r"|^gcs-go-sdk-pc?u-tmp/"  # Go's client library
    r"|(^|/)[^/;]+;[^/;]+;\d+\.part$"  # Java's: two digests and a number
)
"""Names of the parts of parallel composite uploads: they are joined to the object that is meant, and deleted."""


def reason_against(bucket: str, name: str, metadata: Mapping[str, str], settings: UploadSettings) -> str | None:
    """Why an object is left alone, without a record; None for one to classify.

    Neither content type nor size decide here: the type is whatever the uploader said, the bytes are looked at; and a
    file that is empty or too large must get a record, or the labels of an older generation would seem to be its own.
    """
    if name.endswith("/"):
        return "its name ends in /, it stands for a folder"
    if TEMPORARY.search(name):
        return "it is a temporary part of a parallel upload"
    for setting, location in (("RESULTS", settings.results), ("FAILED", settings.failed)):
        if location and location.holds(bucket, name):
            return f"it lies below {setting}"
    if SOURCE_GENERATION in metadata:
        return f"it was written by this function: its metadata has {SOURCE_GENERATION}"
    if settings.include and not globs.matches(name, settings.include):
        return "INCLUDE does not match its name"
    if globs.matches(name, settings.exclude):
        return "EXCLUDE matches its name"
    return None
