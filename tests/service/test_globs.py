"""Patterns for the names of objects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.globs import matches

names = st.text(alphabet="ab/.*\n", max_size=8)
patterns = st.text(alphabet="ab/.*?\n", max_size=8)


def matches_by_trying(name: str, pattern: str) -> bool:
    """The same by its definition: a wildcard takes nothing, or one more sign and stays."""
    if not pattern:
        return not name
    if pattern.startswith("**/"):
        heads = [0, *(i + 1 for i, sign in enumerate(name) if sign == "/")]
        return any(matches_by_trying(name[head:], pattern[3:]) for head in heads)
    if pattern.startswith("**"):
        return any(matches_by_trying(name[i:], pattern[2:]) for i in range(len(name) + 1))
    if pattern.startswith("*"):
        segment = name.partition("/")[0]
        return any(matches_by_trying(name[i:], pattern[1:]) for i in range(len(segment) + 1))
    is_same = name[:1] not in ("", "/") if pattern[0] == "?" else name[:1] == pattern[0]
    return is_same and matches_by_trying(name[1:], pattern[1:])


@given(names, patterns)
def test_definition(name: str, pattern: str) -> None:
    """A pattern matches what its definition says, whatever signs are in it."""
    assert matches(name, [pattern]) is matches_by_trying(name, pattern)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("in/*.jpg", "in/a.jpg", True),
        ("in/*.jpg", "in/2026/a.jpg", False),
        ("in/**.jpg", "in/2026/11/a.jpg", True),
        ("in/**/*.jpg", "in/a.jpg", True),
        ("in/**/*.jpg", "in/2026/11/a.jpg", True),
        ("*.jpg", "a.JPG", False),
        ("?.jpg", "/.jpg", False),
        ("a.jpg", "axjpg", False),
        ("[ab].jpg", "a.jpg", False),
    ],
)
def test_examples(pattern: str, name: str, expected: bool) -> None:
    """`*` and `?` stay within a segment, `**` goes across, everything else stands for itself."""
    assert matches(name, [pattern]) is expected


def test_many() -> None:
    """One of several patterns is enough, and none matches nothing."""
    assert matches("a.png", ["*.jpg", "*.png"])
    assert not matches("a.png", [])
