"""Patterns for the names of objects: `*` and `?` stay within a segment between slashes, `**` does not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

_WILDCARD = re.compile(r"\*\*/|\*\*|\*|\?")
_MEANING = {
    "**/": "(?:.*/)?",  # any number of segments, also none
    "**": ".*",
    "*": "[^/]*",
    "?": "[^/]",
}


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether any of the patterns describes the whole name; upper and lower case differ."""
    return any(_compiled(pattern).fullmatch(name) for pattern in patterns)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    literals = map(re.escape, _WILDCARD.split(pattern))
    wildcards = [_MEANING[wildcard] for wildcard in _WILDCARD.findall(pattern)]
    return re.compile("".join(part for pair in zip(literals, [*wildcards, ""]) for part in pair), re.DOTALL)
