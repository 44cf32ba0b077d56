"""Checks before work begins: whether there is anything to read, and a place for results."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from google.api_core.exceptions import GoogleAPIError, NotFound
from google.auth.exceptions import GoogleAuthError

from backfill.errors import BadOption, CannotReach, sentence
from backfill.job import ERRORS, PREDICTIONS, Job
from backfill.objects.object_store import object_store_for
from backfill.pipeline.finished import Finished
from backfill.pipeline.survey import is_asked
from settings import MAX_PREFIX, BadSetting
from storage.calls import MissingRole
from storage.location import Location

INPUT, RESULTS = "--input", "--results"


def check(job: Job) -> None:
    """BadOption when there is nothing to do or results would be taken for pictures, CannotReach for closed doors."""
    _check_apart(job)
    _check_input(job)
    _check_results(job)
    if job.output == "jsonl":
        _check_files(job)


def _check_apart(job: Job) -> None:
    """The rules that the upload function has for its settings."""
    try:
        job.settings.check_watched(job.pictures.bucket)
    except BadSetting as error:
        raise BadOption(RESULTS, error.reason) from error
    if job.results.holds(job.pictures.bucket, job.pictures.prefix):
        raise BadOption(RESULTS, f"{job.results} holds all of the input, and what is below it counts as results.")
    if len(job.results.name.encode()) > MAX_PREFIX:
        raise BadOption(RESULTS, f"a name of more than {MAX_PREFIX} bytes leaves no room for those of objects.")


def _check_input(job: Job) -> None:
    pictures = job.pictures
    where = Location(pictures.bucket, pictures.prefix)
    with reached(INPUT, where):
        found = object_store_for(where).list_objects(pictures.bucket, pictures.prefix, "", "", job.timeout)
        if any(is_asked(job, one) for one in found):
            return
    folder = Location(pictures.bucket, pictures.prefix.rpartition("/")[0])
    raise BadOption(INPUT, f"{pictures} matches nothing. All below a folder is {str(folder).rstrip('/')}/**")


def _check_results(job: Job) -> None:
    results = job.results
    if not results.bucket:
        _check_folder(Path(str(results)))
        return
    with reached(RESULTS, results):
        next(object_store_for(results).list_objects(results.bucket, results.below, "", "", job.timeout), None)


def _check_files(job: Job) -> None:
    """That the files of two runs are not mixed, and that Beam takes their names as they are."""
    if set(str(job.results)) & set("*?["):
        raise BadOption(RESULTS, f"{job.results} has *, ? or [ in it, which names of jsonl files must not have.")
    kept = object_store_for(job.results)
    for kind in (PREDICTIONS, ERRORS):
        prefix = job.results.child(f"{kind}-")
        with reached(RESULTS, job.results):
            for found in kept.list_objects(prefix.bucket, prefix.name, "", "", job.timeout):
                there = found.source if isinstance(found, Finished) else found.location
                raise BadOption(RESULTS, f"{there} is there from an earlier run; name another place.")


def _check_folder(folder: Path) -> None:
    """Whether a folder can be written, or made where it is not there yet."""
    there = next(parent for parent in (folder, *folder.parents) if os.path.exists(parent))
    if not there.is_dir():
        raise BadOption(RESULTS, f"{there} is a file; results go to a folder.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise CannotReach(there, "you may not write there.")


@contextmanager
def reached(option: str, location: object) -> Iterator[None]:
    """Turns what a place answers into a sentence about it."""
    try:
        yield
    except NotFound as error:
        raise BadOption(option, f"{location}: there is no such bucket.") from error
    except MissingRole as error:
        reason = f"permission denied: the account that runs this needs {error.role} on gs://{error.bucket}."
        raise CannotReach(location, reason) from error
    except GoogleAuthError as error:
        reason = f"there are no credentials for Google Cloud that work: {sentence(error)}."
        raise CannotReach(location, reason) from error
    except FileNotFoundError:
        raise
    except (GoogleAPIError, OSError) as error:
        raise CannotReach(location, f"it cannot be read: {sentence(error)}.") from error
