"""The APIs of Google Cloud that the functions and their deployment use."""

from __future__ import annotations

from collections.abc import Sequence

from deployment.options import ENABLE_APIS
from deployment.target import Target
from settings.setting import HTTP, UPLOAD

# https://cloud.google.com/run/docs/deploy-functions#before-you-begin
_OF_BOTH = ("artifactregistry", "cloudbuild", "cloudfunctions", "iam", "logging", "run", "storage")
_APIS = {HTTP: _OF_BOTH, UPLOAD: (*_OF_BOTH, "eventarc", "pubsub")}


def needed(functions: Sequence[str]) -> list[str]:
    """The names of those that some functions use, by the alphabet."""
    return sorted({f"{api}.googleapis.com" for function in functions for api in _APIS[function]})


def enable(target: Target, functions: Sequence[str]) -> None:
    """Enable them where that was asked for; what is enabled stays as it is."""
    if target.arguments.is_on(ENABLE_APIS):
        target.cloud.run("services", "enable", *needed(functions), target.in_project)
