"""Models in Cloud Storage: only the model's files are downloaded, each checked and of the generation that was seen."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

# Without this the client asks for each bucket's metadata in a thread of its own, which takes a permission more.
os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")

import requests
from google.api_core import exceptions
from google.auth import exceptions as auth
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption
from google.cloud.storage.retry import DEFAULT_RETRY

from export.errors import CannotDownload, NotAModel
from export.progress import Report
from export.source import discovery
from export.source.discovery import FoundModel
from export.source.files import Files
from storage.location import Location

MAX_OBJECTS = 10_000
"""Below a folder with more objects nobody keeps one model."""
SECONDS_A_CALL = 30
SECONDS_OF_RETRIES = 60

_CALL: Mapping[str, Any] = {"timeout": SECONDS_A_CALL, "retry": DEFAULT_RETRY.with_timeout(SECONDS_OF_RETRIES)}
_STEP = "Downloading (MB)"


def download(uri: str, folder: Path, report: Report) -> FoundModel | PurePosixPath:
    """Download the model at `gs://bucket/name` into `folder`, and where it lies there; of an archive the path.

    `STORAGE_EMULATOR_HOST` is honoured. Raises CannotDownload, NotAModel or SeveralModels.
    """
    try:
        location = Location.parse(uri)
    except ValueError as error:
        raise CannotDownload(uri, "this is not of the form gs://bucket/folder.") from error
    report("Looking into the bucket", 0, None)
    with _explained(uri), closing(storage.Client()) as client:
        bucket = client.bucket(location.bucket)
        blob = None if uri.endswith("/") or not location.name else bucket.get_blob(location.name, **_CALL)
        name = PurePosixPath(PurePosixPath(location.name).name)
        if blob and discovery.is_archive(name):
            _files(uri, {name: blob}).fetch([name], folder, _STEP, report)
            return name
        if blob:
            model = discovery.of_file(uri, name)
            files = _below(bucket, uri, location.name.rpartition("/")[0])
        else:
            files = _below(bucket, uri, location.name)
            model = discovery.find(uri, files.sizes)
        files.fetch([name for name in files.sizes if model.owns(name)], folder, _STEP, report)
    return model


def _below(bucket: Any, uri: str, folder: str) -> Files:
    """The objects below a folder of a bucket."""
    prefix = f"{folder}/" if folder else ""
    blobs = list(islice(bucket.list_blobs(prefix=prefix, **_CALL), MAX_OBJECTS + 1))
    if len(blobs) > MAX_OBJECTS:
        raise NotAModel(uri, f"there are more than {MAX_OBJECTS:,} objects below it. Give the model's own folder.")
    names = {blob.name.removeprefix(prefix): blob for blob in blobs if not blob.name.endswith("/")}
    if not names:
        raise CannotDownload(uri, "there is no such object or folder. Look with `gcloud storage ls`.")
    return _files(uri, {PurePosixPath(name): blob for name, blob in names.items()})


def _files(uri: str, blobs: Mapping[PurePosixPath, Any]) -> Files:
    def copy(name: PurePosixPath, target: BinaryIO) -> None:
        blob = blobs[name]
        try:
            blob.download_to_file(target, checksum="crc32c", if_generation_match=blob.generation, **_CALL)
        except (exceptions.NotFound, exceptions.PreconditionFailed) as error:
            raise CannotDownload(uri, f"{name} was replaced or deleted meanwhile. Try again.") from error
        except DataCorruption as error:
            raise CannotDownload(uri, f"{name} arrived damaged. Try again.") from error

    return Files({name: blob.size for name, blob in blobs.items()}, copy)


@contextmanager
def _explained(uri: str) -> Iterator[None]:
    """Say what the client's errors mean for a person; their own texts are long."""
    try:
        yield
    except exceptions.NotFound as error:
        raise CannotDownload(uri, "there is no such bucket. Look with `gcloud storage ls`.") from error
    except exceptions.Forbidden as error:
        raise CannotDownload(
            uri, "you are not allowed to read it. Ask for the role Storage Object Viewer (roles/storage.objectViewer)."
        ) from error
    except (exceptions.Unauthorized, auth.DefaultCredentialsError, auth.RefreshError) as error:
        raise CannotDownload(
            uri, "nobody is signed in to Google Cloud here. Use `gcloud auth application-default login`."
        ) from error
    except (exceptions.GoogleAPIError, auth.TransportError, requests.RequestException) as error:
        raise CannotDownload(
            uri, f"Cloud Storage does not answer ({type(error).__name__}). Try again later."
        ) from error
