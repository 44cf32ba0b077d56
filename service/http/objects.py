"""Pictures in Cloud Storage that a request names: read from the buckets in READ_BUCKETS, and from nowhere else."""

from __future__ import annotations

import logging
from typing import Any

from predictor import BadImage
from results.errors import RequestError
from service.http import address
from service.http.context import RequestContext
from storage.location import Location

_log = logging.getLogger(__name__)


def read(context: RequestContext, uri: Any, place: str) -> bytes:
    """The bytes of an object as it is now.

    Raises RequestError: 400 for what can be no address, 403 for other buckets and for what Cloud Storage refuses for
    good, 404 where there is nothing, 503 for what may pass; and BadImage.
    """
    location = address.parse(uri, place)
    shown = address.shown(location)
    if location.bucket not in context.settings.read_buckets:
        raise RequestError(403, f"{place}: the bucket of {shown} is not one that READ_BUCKETS names.")
    from storage.calls import ObjectNotFound  # comes with the storage client, which other requests do without

    try:
        return _download(context, location)
    except (BadImage, MemoryError):
        raise
    except ObjectNotFound as error:
        raise RequestError(404, f"{place}: there is no object {shown}.") from error
    except Exception as error:  # the client's own and those of its transport share no base class but Exception
        _log.exception("%s could not be read", location)
        if _is_final(error):
            raise RequestError(403, f"{place}: {shown} may not be read by this function; the log says why.") from error
        raise RequestError(503, f"{place}: {shown} could not be read now.") from error


def _download(context: RequestContext, location: Location) -> bytes:
    from storage.calls import ObjectNotFound

    storage = context.resources.storage()
    newest = storage.newest(location, context.deadline)
    if newest is None:
        raise ObjectNotFound(location)
    limits = context.classifier().limits
    limits.check_bytes(newest.size)
    return storage.read(location, newest.generation, limits, context.deadline)


def _is_final(error: Exception) -> bool:
    """Whether Cloud Storage refuses something that it would refuse again, unlike 408 and 429."""
    from google.api_core.exceptions import ClientError

    return isinstance(error, PermissionError) or (isinstance(error, ClientError) and error.code not in (408, 429))
