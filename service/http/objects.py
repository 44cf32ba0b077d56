"""Pictures in Cloud Storage that a request names: read from the buckets in READ_BUCKETS, and from nowhere else."""

from __future__ import annotations

import logging
from typing import Any

from predictor import BadImage
from service.deadline import STORAGE_SHARE, Deadline
from service.errors import RequestError
from service.http.job import Job
from service.location import Location

_log = logging.getLogger(__name__)


def read(job: Job, uri: Any, place: str) -> bytes:
    """The bytes of an object as it is now.

    Raises RequestError: 400 for what is no address, 403 for other buckets, 404 where there is nothing, 503 for what may
    pass; and ImageTooLarge.
    """
    location = _location(uri, place)
    if location.bucket not in job.settings.read_buckets:
        raise RequestError(403, f"{place}: the bucket of {location} is not one that is read.")
    try:
        data = _download(job, location)
    except BadImage:
        raise
    except Exception as error:  # the client's own and those of its transport share no base class but Exception
        _log.exception("%s could not be read", location)
        raise RequestError(503, f"{place}: {location} could not be read now.") from error
    if data is None:
        raise RequestError(404, f"{place}: there is no object {location}.")
    return data


def _location(uri: Any, place: str) -> Location:
    try:
        location = Location.parse(uri)
    except (ValueError, AttributeError) as error:
        raise RequestError(400, f"{place} is not of the form gs://bucket/name.") from error
    if not location.name:
        raise RequestError(400, f"{place} names a bucket, but no object.")
    return location


def _download(job: Job, location: Location) -> bytes | None:
    from service.calls import Gone  # comes with the storage client, which other requests do without

    storage = job.resources.storage()
    deadline = Deadline.after(job.settings.timeout * STORAGE_SHARE)
    newest = storage.newest(location, deadline)
    if newest is None:
        return None
    limits = job.classifier().limits
    limits.check_bytes(newest.size)
    try:
        return storage.read(location, newest.generation, limits, deadline)
    except Gone:
        return None
