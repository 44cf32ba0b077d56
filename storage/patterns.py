"""Patterns as people write them, understood as patterns of `storage/globs.py` or refused with a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from storage import globs
from storage.location import GS

MOST_CHARACTERS = 20_000
"""Of all the patterns that one text stands for: what matching keeps of them grows with it."""
MOST_NESTED = 10
"""Braces in each other."""
_SHOWN = 100  # characters of a pattern in a sentence

_REFUSED = {
    r"\\": r"has a \, which has no meaning here: / is between segments, and [*] is a * that stands for itself",
    r"[|;，；、]|\*\.\w+\s+\S*\*": "has no commas between patterns, as in {jpg,png}; [;] is a ; that stands for itself",
    r"(?i)^[a-z][a-z0-9+.-]+:/": "is an address; names begin behind the bucket",
    r"(?:^|/)\.\.?(?:/|$)": "has a segment of dots; names are whole, without . and .. in them",
    r"^/|//": "has nothing between two slashes; **/ is any number of segments, empty ones too",
    r"^!": "begins with !, which has no meaning here; EXCLUDE or --exclude says what is left out",
    r"^\^|\$$|\(\?": "is a regular expression; patterns have *, ?, **, [a-z] and {jpg,JPG}",
    r"\$[{(\w]": "holds the name of a variable, which nothing replaces here",
    r"^[\"'`“”„‘’‚«»]|[\"'`“”„‘’‚«»]$": "has quotation marks, which would be a part of the name",
    r"(?i)^\.?(?:jpe?g|png|gif|bmp|webp)$": "is the end of a name; **/*.{jpg,JPG} is all names that end so",
    r"[][]": "has a [ or ] without the other; [[] is a [ that stands for itself",
}
"""The signs that cannot be meant, outside of sets such as `[a-z]`, and why."""


class BadPattern(ValueError):
    """A pattern that could match nothing that is meant."""

    def __init__(self, pattern: str, reason: str) -> None:
        shown = pattern if len(pattern) <= _SHOWN else f"{pattern[:_SHOWN]}…"
        super().__init__(f"{shown!r} {reason}")


def parse_list(text: str, bucket: str | None = None) -> tuple[str, ...]:
    """The patterns between commas, for names in that bucket; BadPattern says what cannot be meant."""
    found = _parse(text, bucket, are_separated=True)
    if not found:
        raise BadPattern(text, "holds no pattern")
    return found


def parse(text: str, bucket: str | None = None) -> tuple[str, ...]:
    """The patterns that one with braces stands for; commas outside of braces are a part of it."""
    return _parse(text, bucket, are_separated=False)


def escape(name: str) -> str:
    """The pattern, as a person would write it, of this name alone."""
    return re.sub(r"[^\w\s./-]|^\s|\s$", r"[\g<0>]", name)


def _parse(text: str, bucket: str | None, *, are_separated: bool) -> tuple[str, ...]:
    if re.search(r"\{[^{},]*\.\.[^{},]*\}", text):
        raise BadPattern(text, "has dots in braces; {1,2,3} and [1-3] are understood")
    pieces = re.findall(rf"(?s){globs.SET}|[^][{{}},]+|.", text)
    _check_braces(text, pieces)
    written = dict.fromkeys(filter(None, _alternatives(text, iter(pieces), are_separated=are_separated)))
    _check_size(text, sum(map(len, written)))
    found = dict.fromkeys(plain for pattern in written for plain in _understood(pattern, bucket))
    _check_size(text, sum(map(len, found)))
    return tuple(found)


def _check_braces(text: str, pieces: Iterable[str]) -> None:
    depth = 0
    for piece in pieces:
        depth += (piece == "{") - (piece == "}")
        if depth > MOST_NESTED:
            raise BadPattern(text, f"has more than {MOST_NESTED} braces in each other")
        if depth < 0:
            break
    if depth:
        raise BadPattern(text, "has a { or } without the other; [{] is a { that stands for itself")


def _alternatives(text: str, pieces: Iterator[str], *, are_separated: bool) -> list[str]:
    """The alternatives between commas, up to the closing brace or the end, with the braces in them written out."""
    done: list[str] = []
    current = [""]
    for piece in pieces:
        if piece == "}":
            break
        if piece == "," and are_separated:
            done += current
            current = [""]
        elif piece == "{":
            current = _joined(text, current, _alternatives(text, pieces, are_separated=True))
        else:
            current = _joined(text, current, [piece])
    return [alternative.strip() for alternative in (*done, *current)]


def _joined(text: str, heads: list[str], tails: list[str]) -> list[str]:
    """Each head with each tail; BadPattern when that is too much."""
    size = len(heads) * len(tails) + len(tails) * sum(map(len, heads)) + len(heads) * sum(map(len, tails))
    _check_size(text, size)
    return [head + tail for head in heads for tail in tails]


def _check_size(text: str, size: int) -> None:
    if size > MOST_CHARACTERS:
        raise BadPattern(text, f"stands for patterns of more than {MOST_CHARACTERS:,} characters in all")


def _understood(pattern: str, bucket: str | None) -> Iterator[str]:
    """A pattern for names that begin behind the bucket; of a folder, for all that is below it."""
    names = _behind_bucket(pattern, bucket)
    _check(pattern, names)
    if not names or names.endswith("/"):
        yield from _in_both_forms(f"{names}**")
        return
    yield from _in_both_forms(names)
    if not globs.is_wild(names.rpartition("/")[2]):
        yield from _in_both_forms(f"{names}/**")


def _behind_bucket(pattern: str, bucket: str | None) -> str:
    if not pattern.startswith(GS):
        return pattern.removeprefix("./").removeprefix("/")
    named, _, names = pattern.removeprefix(GS).partition("/")
    if bucket is None:
        raise BadPattern(pattern, f"names the bucket {named}: say so in BUCKET too, or leave {GS}{named}/ out")
    if named != bucket:
        raise BadPattern(pattern, f"names the bucket {named}; the pictures are in {bucket or 'a folder'}")
    return names


def _check(pattern: str, names: str) -> None:
    for refused, reason in _REFUSED.items():
        if re.search(refused, re.sub(globs.SET, "x", names)):
            raise BadPattern(pattern, reason)
    for characters in re.findall(globs.SET, names):
        is_turned = any(first > last for first, last in re.findall(r"(?s)(.)-(.)", characters[1:-1]))
        if is_turned or "/" in characters or (len(characters) > 3 and '"' in characters):
            raise BadPattern(pattern, f"has {characters}; a set is like [abc], [a-z] or [!0-9], without / in it")


def _in_both_forms(pattern: str) -> Iterator[str]:
    """Also with accents as characters of their own, as Macs name files; and the other way round."""
    yield pattern
    if pattern.isascii() or "[" in pattern:
        return
    from unicodedata import normalize  # most patterns do without

    yield from (normalize("NFC", pattern), normalize("NFD", pattern))
