"""The values of the command line's options, read as the functions read their settings; BadOption names the option."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from backfill import preconditions
from backfill.errors import BadOption
from backfill.objects.object_store import cloud_storage
from backfill.objects.pattern import Pattern
from predictor import BadModel, Classifier
from service import model
from settings import BadSetting, Settings, common, upload, values
from settings.values import BadValue
from storage.location import GS, Location

T = TypeVar("T")


def pattern(pictures: str, option: str = "--input") -> Pattern:
    """That of the pictures."""
    return _read(option, lambda: Pattern.parse(pictures))


def excluded(pictures: Pattern, texts: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns of names that are left out."""
    return _read("--exclude", lambda: tuple(one for text in texts for one in pictures.excluding(text)))


def place(option: str, text: str) -> Location:
    """Where results are; a folder that is there is meant as it stands, whatever characters are in it."""
    return _read(option, lambda: _place(text))


def settings(option: str, file: str | None, max_bytes: int, max_pixels: int, timeout: float) -> Settings:
    """What a model is loaded and asked with."""
    if not file:
        raise BadOption(option, "a model is needed: the path or gs:// address of a model.onnx.")
    address = _read(option, lambda: file if os.path.lexists(file) else common.MODEL.parse(file))
    return Settings(address if address.startswith(GS) else os.path.abspath(address), max_bytes, max_pixels, timeout)


def loaded(option: str, wanted: Settings) -> Classifier:
    """The model."""
    try:
        with preconditions.reached(option, wanted.model):
            return model.load(wanted, cloud_storage)
    except (BadModel, FileNotFoundError) as error:
        raise BadOption(option, f"{error}.") from error


def _read(option: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except BadSetting as error:
        raise BadOption(option, f"it {error.reason}.") from error
    except BadValue as error:
        raise BadOption(option, f"it {error}.") from error
    except ValueError as error:
        raise BadOption(option, f"{error}.") from error


def _place(text: str) -> Location:
    if os.path.lexists(text):
        return Location.of_path(text)
    return upload.RESULTS.parse(text) if text.startswith(GS) else Location.of_path(values.text(text))
