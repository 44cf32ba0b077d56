"""Addresses of objects, `gs://bucket/name`, that requests name: only those that can exist.

The rules: https://cloud.google.com/storage/docs/buckets#naming and https://cloud.google.com/storage/docs/objects#naming
"""

from __future__ import annotations

import re
from typing import Any

from results.errors import RequestError
from storage.location import GS, MAX_NAME, Location

LONGEST_BUCKET = 222  # with dots; a part between them has at most 63
SHOWN = 200  # characters of an address in messages

_BUCKET = re.compile(r"(?=.{3})[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?)*")
_NUMBERS = re.compile(r"[0-9]+(\.[0-9]+){3}")
_TOO_LONG = f"has more than {MAX_NAME:,} bytes"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def parse(uri: Any, place: str) -> Location:
    """The object that an address names; RequestError 400 says why it can name none."""
    if not isinstance(uri, str) or not uri.startswith(GS):
        raise RequestError(400, f"{place} is not of the form gs://bucket/name.")
    bucket, _, name = uri.removeprefix(GS).partition("/")
    if len(bucket) > LONGEST_BUCKET or not _BUCKET.fullmatch(bucket) or _NUMBERS.fullmatch(bucket):
        raise RequestError(400, f"{place}: {shown(uri)} names no bucket that can exist.")
    if not name:
        raise RequestError(400, f"{place} names a bucket, but no object.")
    if reason := _reason_against(name):
        raise RequestError(400, f"{place}: {shown(uri)} names no object that can exist: its name {reason}.")
    return Location(bucket, name)


def shown(address: object) -> str:
    """An address, short enough to repeat it."""
    text = str(address)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _reason_against(name: str) -> str | None:
    if len(name) > MAX_NAME:
        return _TOO_LONG
    if _CONTROL.search(name):
        return "has a control character in it"
    try:
        size = len(name.encode())
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can hold
        return "is not Unicode"
    if size > MAX_NAME:
        return _TOO_LONG
    return "is kept from objects" if name in (".", "..") or name.startswith(".well-known/acme-challenge/") else None
