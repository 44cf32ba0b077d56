"""The classifier that the functions share, from a local file or from Cloud Storage."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from predictor import BadModel, Classifier, runtime
from settings import Settings
from storage.deadline import STORAGE_SHARE, Deadline
from storage.location import GS, Location

if TYPE_CHECKING:
    from storage.client import Storage


_log = logging.getLogger(__name__)


def check_path(settings: Settings) -> None:
    """BadModel where MODEL is the path of no file; an address in Cloud Storage is first looked at by `load`."""
    if not settings.model.startswith(GS) and not Path(settings.model).is_file():
        raise BadModel(settings.model, "there is no such file, which MODEL names")


def load(settings: Settings, get_storage: Callable[[], Storage]) -> Classifier:
    """Load the model that MODEL names; raises what reading it raises, and BadModel when it is not a model."""
    classifier = _load(settings, get_storage)
    others = runtime.differences(classifier.info.tools)
    if others:
        told = ", ".join(f"{name} {here} (verified with {verified})" for name, (verified, here) in others.items())
        _log.warning("the model runs on other versions than it was verified with: %s", told)
    return classifier


def _load(settings: Settings, get_storage: Callable[[], Storage]) -> Classifier:
    if not settings.model.startswith(GS):
        return Classifier.load(settings.model, settings.limits)
    deadline = Deadline.after(settings.timeout * STORAGE_SHARE)
    with get_storage().downloaded(Location.parse(settings.model), deadline) as path:
        return Classifier.load(path, settings.limits)
