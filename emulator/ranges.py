"""The byte ranges of downloads and of resumable uploads."""

import re
from typing import NamedTuple

from emulator.errors import BadRequestError, RangeNotSatisfiableError


def parse_range(header: str | None, size: int) -> slice | None:
    """The bytes a `Range` header asks for; None for all, also when the header is not understood."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", (header or "").strip())
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last or size) + 1, size)
        if last and int(last) < int(first):
            return None
    if start >= size:
        raise RangeNotSatisfiableError(size)
    return slice(start, stop)


class ContentRange(NamedTuple):
    """Where a chunk lies in an upload; `start` is None in a question, `total` while unknown."""

    start: int | None
    end: int  # past the last byte
    total: int | None


def parse_content_range(header: str | None, length: int) -> ContentRange:
    """A chunk's place; without a header the body is the whole upload."""
    if header is None:
        return ContentRange(0, length, length)
    match = re.fullmatch(r"bytes (?:\*|(\d+)-(\d+))/(\*|\d+)", header.strip())
    if match is None:
        raise BadRequestError(f"Invalid Content-Range: {header!r}")
    first, last, size = match.groups()
    total = None if size == "*" else int(size)
    if first is None:
        return ContentRange(None, 0, total)
    if int(last) + 1 - int(first) != length:
        raise BadRequestError(f"Content-Range {header!r} does not fit a body of {length} bytes")
    return ContentRange(int(first), int(last) + 1, total)
