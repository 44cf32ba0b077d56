"""One environment variable that configures the functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Generic, TypeVar

from settings import values

T = TypeVar("T")

HTTP, UPLOAD, BACKFILL = "classify", "classify_upload", "backfill"
"""Those that read settings."""
BOTH, ALL = (HTTP, UPLOAD), (HTTP, UPLOAD, BACKFILL)


class NoDefault(Enum):
    """The mark of a setting without a default."""

    REQUIRED = "required"


class BadSetting(ValueError):
    """The environment variable `name` is missing or holds a value that cannot be used."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} {reason}")
        self.name = name
        self.reason = reason


class Setting(Generic[T]):
    """How the text of a variable is read, what holds where it is not set, who reads it, and what it means."""

    def __init__(
        self,
        name: str,
        read: Callable[..., T],
        default: T | NoDefault,
        readers: tuple[str, ...],
        meaning: str,
        *,
        example: str,
        unset: str = "",
        set_by: str = "",
    ) -> None:
        """`unset` says what the default means, where it does not speak for itself; `set_by`, who sets it if not you."""
        self.name = name
        self.read = read
        self.default = default
        self.readers = readers
        self.meaning = meaning
        self.example = example
        self.unset = unset or str(default)
        self.set_by = set_by

    def parse(self, raw: str, *context: object) -> T:
        """The value of a text; BadSetting says what is wrong with it."""
        try:
            return self.read(values.text(raw), *context)
        except values.BadValue as error:
            raise BadSetting(self.name, str(error)) from error

    def of(self, environ: Mapping[str, str], *context: object) -> T:
        """The value in an environment; blanks are the same as nothing."""
        raw = environ.get(self.name, "")
        return self.fallback if values.is_blank(raw) else self.parse(raw, *context)

    @property
    def fallback(self) -> T:
        """The value where it is not set; BadSetting where it has to be."""
        if self.default is NoDefault.REQUIRED:
            raise BadSetting(self.name, f"is not set: it names {self.meaning}")
        return self.default
