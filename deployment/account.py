"""Checks of the account and the project through gcloud, before anything is changed."""

from __future__ import annotations

import shutil

from deployment import environment, processes, upload_function
from deployment.arguments import Arguments
from deployment.errors import DeploymentError
from deployment.options import PROJECT
from deployment.processes import HIDDEN
from settings import HttpSettings
from settings.setting import HTTP, UPLOAD
from storage.location import GS


def check(arguments: Arguments, functions: tuple[str, ...]) -> str:
    """The number of the project; DeploymentError says what is missing."""
    if not shutil.which("gcloud"):
        raise DeploymentError("gcloud is not installed: https://cloud.google.com/sdk/docs/install.")
    if processes.run(["gcloud", "auth", "print-access-token"], stdout=HIDDEN, stderr=HIDDEN):
        raise DeploymentError("gcloud is not logged in: gcloud auth login.")
    number = _described("project", arguments[PROJECT], "projects", "describe", arguments[PROJECT], "projectNumber")
    if HTTP in functions:
        for bucket in HttpSettings.from_environ(environment.variables(arguments, HTTP)).read_buckets:
            _of_bucket(bucket, "name")
    if UPLOAD in functions:
        _check_buckets(arguments)
    return number


def _check_buckets(arguments: Arguments) -> None:
    settings = environment.uploads(arguments)
    assert settings.bucket
    location = _of_bucket(settings.bucket, "location").lower()
    if location != upload_function.location_of(arguments):
        raise DeploymentError(
            f"The bucket {settings.bucket} is in {location}: say --trigger-location {location}, where its events are."
        )
    for prefix in filter(None, (settings.results, settings.failed)):
        if _of_bucket(prefix.bucket, "uniform_bucket_level_access") != "True":
            address = f"{GS}{prefix.bucket}"
            raise DeploymentError(
                f"The bucket {prefix.bucket} needs uniform bucket-level access:"
                f" gcloud storage buckets update {address} --uniform-bucket-level-access."
            )


def _of_bucket(bucket: str, field: str) -> str:
    return _described("bucket", bucket, "storage", "buckets", "describe", f"{GS}{bucket}", field)


def _described(kind: str, name: str, *words_and_field: str) -> str:
    *words, field = words_and_field
    exit_code, printed = processes.output(["gcloud", *words, f"--format=value({field})"])
    if exit_code:
        raise DeploymentError(f"There is no {kind} {name}, or you may not see it.")
    return printed
