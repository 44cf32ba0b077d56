"""Matching the names of objects with patterns."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import globs
from storage.globs import matches, prefix

PROPERTY = settings(max_examples=200, deadline=None, derandomize=True)
SETS = ("[a]", "[ab]", "[!a]", "[^b/]", "[a-b]", "[!.-b]", "[]]", "[[]", "[*]", "[!]", "[-a]", "[a-]")
names = st.text(alphabet="ab/.*[]-\n", max_size=8)
patterns = st.lists(
    st.sampled_from(["a", "b", "/", ".", "*", "**", "**/", "?", "\n", "[", "]", *SETS]), max_size=7
).map("".join)


def matches_by_trying(name: str, pattern: str, is_start: bool = True) -> bool:
    """The same by its definition: a wildcard takes nothing, or one more character and stays."""
    if not pattern:
        return not name
    if is_start and (folders := re.match(r"\*\*+/", pattern)):
        rest = pattern[folders.end() :]
        heads = [0, *(i + 1 for i, character in enumerate(name) if character == "/")]
        return any(matches_by_trying(name[head:], rest) for head in heads)
    if pattern[0] == "*":
        stars = len(pattern) - len(pattern.lstrip("*"))
        taken = name if stars > 1 else name.partition("/")[0]
        return any(matches_by_trying(name[i:], pattern[stars:], False) for i in range(len(taken) + 1))
    element = next((found for found in sorted(SETS, key=len, reverse=True) if pattern.startswith(found)), pattern[0])
    is_same = name != "" and holds_by_looking(element, name[0])
    return is_same and matches_by_trying(name[1:], pattern[len(element) :], element == "/")


def holds_by_looking(element: str, character: str) -> bool:
    if element == "?" or len(element) > 3 or element == "[a]":
        meant = {
            "?": r"[^/]",
            "[a]": "a",
            "[ab]": "[ab]",
            "[!a]": "[^a/]",
            "[^b/]": "[^b/]",
            "[a-b]": "[ab]",
            "[!.-b]": r"[^.-b/]",
            "[-a]": "[-a]",
            "[a-]": "[a-]",
        }
        return re.fullmatch(meant[element], character) is not None
    return character == (element if len(element) == 1 else element[1])


@PROPERTY
@given(names, patterns)
def test_definition(name: str, pattern: str) -> None:
    """A pattern matches what its definition says, whatever characters are in it."""
    assert matches(name, [pattern]) is matches_by_trying(name, pattern)


@PROPERTY
@given(names, st.lists(patterns, max_size=4))
def test_many(name: str, some: list[str]) -> None:
    """One of several patterns is enough, and none matches nothing."""
    assert matches(name, some) is any(matches_by_trying(name, pattern) for pattern in some)


@PROPERTY
@given(names, patterns)
def test_prefix(name: str, pattern: str) -> None:
    """All names that match begin with the prefix, and it is the whole of a name that nothing else matches."""
    if matches(name, [pattern]):
        assert name.startswith(prefix(pattern))
        assert globs.is_wild(pattern) or name == prefix(pattern)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("in/*.jpg", "in/a.jpg", True),
        ("in/*.jpg", "in/2026/a.jpg", False),
        ("in/**.jpg", "in/2026/11/a.jpg", True),
        ("in/**/*.jpg", "in/a.jpg", True),
        ("in/**/*.jpg", "in/2026/11/a.jpg", True),
        ("in/**/*.jpg", "in//a.jpg", True),
        ("a**/b", "a/x/b", True),
        ("a**/b", "ab", False),
        ("*.jpg", "a.JPG", False),
        ("*.[jJ][pP][gG]", "a.JPG", True),
        ("?.jpg", "/.jpg", False),
        ("[!a].jpg", "/.jpg", False),
        ("a.jpg", "axjpg", False),
        ("[ab].jpg", "a.jpg", True),
        ("[0-9]?.jpg", "1é.jpg", True),
        ("{a,b}", "{a,b}", True),
    ],
)
def test_examples(pattern: str, name: str, expected: bool) -> None:
    """`*`, `?` and sets stay within a segment, `**` goes across, everything else stands for itself."""
    assert matches(name, [pattern]) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        "**/**/**/*a*a*a*a*b",
        "*a" * 100 + "b",
        "**a" * 100 + "b",
        "**/*" * 100 + "b",
        "**/" * 100 + "b",
        "?*" * 100 + "b",
        "[!b]*" * 100 + "b",
        "a*" * 5000 + "b",
    ],
)
@pytest.mark.parametrize("name", ["a" * 1024, "a/" * 512, "ab" * 511 + "a", "é" * 512])
def test_work_is_bounded(pattern: str, name: str) -> None:
    """A name takes a step a character, each over one number of a bit an element, whatever the pattern."""
    automaton = globs._Automaton([pattern])
    assert not automaton.matches(name)
    steps = automaton._after.cache_info()
    assert steps.hits + steps.misses <= len(name)
    assert automaton._end.bit_length() <= len(pattern) + 1
