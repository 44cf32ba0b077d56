"""From the text of a setting to its value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from storage.location import GS, Location
from storage.patterns import BadPattern, parse_list

MAX_PREFIX = 512  # bytes; what is stored has a longer name, and 1,024 are all that a name may have
_SHOWN = 100  # characters of a value in a sentence
_BLANKS = " \t\r\n"
_QUOTES = "\"'`“”„‘’‚«»"
# Joiners and variants behind letters and emoji, where they belong; then what is printable for Python, and not seen.
_IN_PLACE = r"(?<=[^\x00-\x7f])[\u200c\u200d\ufe00-\ufe0f]"
_UNSEEN = r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
_SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_BUCKET = r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]"


class BadValue(ValueError):
    """A text that is no value, with the rest of a sentence that begins with what it was meant for."""


def is_blank(raw: str) -> bool:
    """Whether there is nothing in it, which is the same as if it was not set."""
    return not raw.strip(_BLANKS)


def text(raw: str) -> str:
    """Without blanks at both ends, as files from Windows have; BadValue for invisible characters and quotes."""
    value = raw.strip(_BLANKS)
    seen = value if value.isascii() else re.sub(_IN_PLACE, "", value)
    for character in seen:
        if not character.isprintable() or (not seen.isascii() and re.match(_UNSEEN, character)):
            raise BadValue(f"is {shown(value)}, which holds an invisible character, {_name(character)}")
    if value and (value[0] in _QUOTES or value[-1] in _QUOTES):
        raise BadValue(f"is {shown(value)}: leave out the quotation marks, they would be a part of it")
    return value


def shown(value: str) -> str:
    """A value as a sentence shows it: what is invisible is escaped, what is long is cut."""
    return repr(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…")


def model(value: str) -> str:
    """A path, or the address of an object."""
    if value.startswith(GS):
        if not _location(value).name or value.endswith("/"):
            raise BadValue(f"is {shown(value)}, which names no object: gs://bucket/model.onnx would")
    elif re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", value):
        raise BadValue(f"is {shown(value)}, neither a path nor an address of the form gs://bucket/name")
    return value


def prefix(value: str) -> Location:
    """`gs://bucket/prefix`, or all of a bucket."""
    location = _location(value)
    if len(location.name.encode()) > MAX_PREFIX:
        raise BadValue(f"has a prefix of more than {MAX_PREFIX} bytes")
    return location


def bucket(value: str) -> str:
    """The name of a bucket, also as its address."""
    name = value.removeprefix(GS).removesuffix("/")
    if not re.fullmatch(_BUCKET, name):
        raise BadValue(f"is {shown(value)}, not the name of a bucket")
    return name


def count(value: str) -> int:
    """A whole number above zero."""
    if not re.fullmatch(r"[0-9]{1,18}", value) or int(value) == 0:
        raise BadValue(f"is {shown(value)}, not a whole number above zero")
    return int(value)


def score(value: str) -> float:
    """A number, also below zero."""
    if not re.fullmatch(r"-?([0-9]{1,18}(\.[0-9]{0,18})?|\.[0-9]{1,18})", value):
        raise BadValue(f"is {shown(value)}, not a number such as 0.5")
    return float(value)


def seconds(value: str) -> float:
    """A number of seconds above zero."""
    if not re.fullmatch(r"[0-9]{1,18}(\.[0-9]{0,18})?|\.[0-9]{1,18}", value) or float(value) == 0:
        raise BadValue(f"is {shown(value)}, not a number of seconds above zero")
    return float(value)


def seconds_up_to(most: int, whose: str) -> Callable[[str], float]:
    """The same, of which `whose` allows no more than `most`."""

    def read(value: str) -> float:
        if (found := seconds(value)) > most:
            raise BadValue(f"is {shown(value)}: {whose} gives at most {most} seconds")
        return found

    return read


def switch(value: str) -> bool:
    """On or off."""
    found = _SWITCH.get(value.lower())
    if found is None:
        raise BadValue(f"is {shown(value)}, neither 1 nor 0, nor true, false, yes, no, on or off")
    return found


def patterns(value: str, of_bucket: str | None = None) -> tuple[str, ...]:
    """Patterns of names between commas, as `storage/patterns.py` understands them."""
    try:
        return parse_list(value, of_bucket)
    except BadPattern as error:
        raise BadValue(f"cannot be used: {error}") from error


def buckets(value: str) -> tuple[str, ...]:
    """Names of buckets between commas."""
    return tuple(map(bucket, _parts(value)))


def origins(value: str) -> tuple[str, ...]:
    """The sites that may ask, as browsers call them, between commas; `*` is all."""
    return tuple(map(_origin, _parts(value)))


def route(value: str) -> str:
    """A path of an address."""
    if not re.fullmatch(r"/[^<>?#\s]*", value):
        raise BadValue(f"is {shown(value)}, not a path")
    return value


def _location(value: str) -> Location:
    try:
        location = Location.parse(value)
    except ValueError as error:
        raise BadValue(f"cannot be used: {shown(value)} is not of the form gs://bucket/name") from error
    if not re.fullmatch(_BUCKET, location.bucket):
        raise BadValue(f"is {shown(value)}, and no bucket can have that name")
    if "*" in location.name:
        raise BadValue(f"is {shown(value)}: it names one place, and no pattern")
    if "//" in f"/{location.name}":
        raise BadValue(f"is {shown(value)}, which has nothing between two slashes")
    return location


def _parts(value: str) -> Iterator[str]:
    return (part for part in map(text, value.split(",")) if part)


def _origin(value: str) -> str:
    """As browsers send it: without a path, and without the port that its scheme has anyway."""
    found = re.fullmatch(r"([a-z][a-z0-9+.-]*)://([^/*?#@\s]+?)(:[0-9]+)?/?", value.lower())
    if value in ("*", "null"):
        return value
    if not found:
        raise BadValue(f"has {shown(value)}, which is not like https://example.com")
    scheme, host, port = found.groups(default="")
    return f"{scheme}://{host}{'' if (scheme, port) in (('http', ':80'), ('https', ':443')) else port}"


def _name(character: str) -> str:
    from unicodedata import name  # who reads this has an error to mend

    return f"U+{ord(character):04X} {name(character, '')}".rstrip()
