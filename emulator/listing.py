"""One page of a listing, from the names in a bucket."""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass

from emulator.errors import BadRequestError

MAX_RESULTS = 1000  # entries a page, as in Cloud Storage


@dataclass(frozen=True)
class Selection:
    """Which names are wanted: `start` is included, `end` is not."""

    prefix: str = ""
    delimiter: str = ""
    start: str = ""
    end: str = ""

    def entries(self, names: Iterable[str]) -> list[str]:
        """The names and, where a delimiter follows the prefix, the common prefixes, sorted."""
        wanted = (name for name in names if self._includes(name))
        return sorted({self._entry(name) for name in wanted})

    def is_prefix(self, entry: str) -> bool:
        """Whether an entry stands for all the names below it."""
        return bool(self.delimiter) and self.delimiter in entry[len(self.prefix) :]

    def _includes(self, name: str) -> bool:
        return name.startswith(self.prefix) and name >= self.start and not (self.end and name >= self.end)

    def _entry(self, name: str) -> str:
        if not self.is_prefix(name):
            return name
        end = name.index(self.delimiter, len(self.prefix)) + len(self.delimiter)
        return name[:end]


@dataclass(frozen=True)
class Page:
    """Part of a listing; `next_token` is None on the last page."""

    names: list[str]
    prefixes: list[str]
    next_token: str | None


def list_page(names: Iterable[str], selection: Selection, *, limit: int | None, token: str | None) -> Page:
    """The entries after the token, at most `limit`; names and prefixes both count."""
    size = min(limit or MAX_RESULTS, MAX_RESULTS)
    after = _decode(token) if token else ""
    entries = [entry for entry in selection.entries(names) if entry > after]
    page = entries[:size]
    return Page(
        names=[entry for entry in page if not selection.is_prefix(entry)],
        prefixes=[entry for entry in page if selection.is_prefix(entry)],
        next_token=_encode(page[-1]) if len(entries) > size else None,
    )


def _encode(entry: str) -> str:
    return base64.urlsafe_b64encode(entry.encode()).decode()


def _decode(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode()
    except (binascii.Error, ValueError) as error:
        raise BadRequestError(f"Invalid page token: {token!r}") from error
