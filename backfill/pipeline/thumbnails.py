"""Small pictures for the report."""

from __future__ import annotations

import logging

from backfill.job import Job
from pages import thumbnail
from predictor.image import decode

LONGEST = 160  # pixels a side

_log = logging.getLogger(__name__)


def thumbnail_of(data: bytes, job: Job) -> bytes:
    """The picture as the model got to see it, made small; empty if that fails, as labels are worth more than looks."""
    try:
        return thumbnail.encoded(decode(data, job.info.decoding, job.limits), LONGEST)
    except Exception as error:
        _log.warning("no thumbnail: %s", error)
        return b""
