"""Forms, `multipart/form-data`: their files in order.

https://www.rfc-editor.org/rfc/rfc7578

Not Werkzeug's parser: it takes a part without a file name for text, and for headers of any length and number it takes
forty times their bytes in memory and two hundred times a file's time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from werkzeug.http import parse_options_header

from results.errors import RequestError

MIMETYPE = "multipart/form-data"
LONGEST_HEAD = 4096  # bytes of one part's headers
LONGEST_BOUNDARY = 200  # characters; RFC 2046 allows 70
MOST_LOOKALIKES = 1000  # lines that begin as a boundary and are none
_REST_OF_BOUNDARY = re.compile(rb"(--)?[ \t]*(?:\r?\n|\Z)")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_FILE_TYPES = ("image/", "application/octet-stream")


@dataclass(frozen=True)
class ImageFile:
    """One file of a form; without a name of its own it has the field's."""

    name: str
    data: bytes


def files(body: bytes, parameters: Mapping[str, str], max_parts: int) -> list[ImageFile]:
    """The files of a form, whatever their fields: parts with a file name, or of the type of an image.

    parameters: those of the body's content type. Raises RequestError 400 without a file, 413 for more than `max_parts`
    fields and files.
    """
    found = []
    for number, (begin, end) in enumerate(_parts(body, _boundary(parameters))):
        if number == max_parts:
            raise RequestError(413, f"The form has too many parts; at most {max_parts:,} are accepted.")
        if file := _file(body, begin, end):
            found.append(file)
    if not found:
        raise RequestError(400, "The form holds no file.")
    return found


def _boundary(parameters: Mapping[str, str]) -> bytes:
    boundary = parameters.get("boundary", "")
    if not boundary:
        raise _unreadable("Missing boundary")
    if not boundary.isascii() or len(boundary) > LONGEST_BOUNDARY:
        raise _unreadable(f"its boundary is not ASCII, or has more than {LONGEST_BOUNDARY} characters")
    return boundary.encode()


def _parts(body: bytes, boundary: bytes) -> Iterator[tuple[int, int]]:
    """Where each part begins and ends; RequestError 400 when the last boundary is missing."""
    begin = None
    for before, after, is_last in _boundaries(body, b"--" + boundary):
        if begin is not None:
            yield begin, before
        if is_last:
            return
        begin = after
    raise _unreadable("it ends before its last boundary")


def _boundaries(body: bytes, mark: bytes) -> Iterator[tuple[int, int, bool]]:
    """Where each boundary begins and ends, its line breaks with it, and whether it is the last."""
    lookalikes = 0
    for place in _lines_with(body, mark):
        if rest := _REST_OF_BOUNDARY.match(body, place + len(mark)):
            yield _before_line(body, place), rest.end(), rest[1] is not None
        else:
            lookalikes += 1
        if lookalikes > MOST_LOOKALIKES:
            raise _unreadable("its boundary stands in its files")


def _lines_with(body: bytes, mark: bytes) -> Iterator[int]:
    """Where the lines begin that begin so."""
    if body.startswith(mark):
        yield 0
    place = body.find(b"\n" + mark)
    while place >= 0:
        yield place + 1
        place = body.find(b"\n" + mark, place + 1)


def _before_line(body: bytes, place: int) -> int:
    """Where the line break before a line begins."""
    found = (place - len(end) for end in (b"\r\n", b"\n") if body.endswith(end, 0, place))
    return next(found, place)


def _file(body: bytes, begin: int, end: int) -> ImageFile | None:
    """The file that a part is; None for a field."""
    blank = _BLANK_LINE.search(body, begin - 1, min(end, begin + LONGEST_HEAD))  # the boundary's own line break counts
    if blank is None:
        raise _unreadable(f"a part's headers have no end, or more than {LONGEST_HEAD:,} bytes")
    headers = _headers(body[begin : blank.start()])
    kind, named = parse_options_header(headers.get("content-disposition"))
    if kind.lower() != "form-data":
        raise _unreadable("a part does not say Content-Disposition: form-data")
    name = named.get("filename")
    if name is None and not headers.get("content-type", "").lower().startswith(_FILE_TYPES):
        return None
    return ImageFile(name or named.get("name", ""), body[blank.end() : end])


def _headers(head: bytes) -> dict[str, str]:
    """The headers of a part by their names in lower case."""
    lines = (line.partition(":") for line in head.decode(errors="replace").splitlines())
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def _unreadable(reason: str) -> RequestError:
    return RequestError(400, f"The form cannot be read: {reason}.")
