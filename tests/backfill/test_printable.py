"""What is shown of names: one line that every stream takes, and that steers nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfill.report.printable import printable


@given(st.text(st.characters()))
def test_any_text(text: str) -> None:
    """Whatever a name holds, it is one line without controls that can be encoded; that is shown as it is."""
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert not any(ord(one) < 32 or 127 <= ord(one) < 160 for one in shown)
    shown.encode()
    assert printable(shown) == shown


@pytest.mark.parametrize("text", ["a.png", "é ü", "かな.jpg", "👩‍🔬.png", "a b", "می‌خواهم"])
def test_other_scripts(text: str) -> None:
    """Names in all scripts, with spaces and joiners, are shown as they are."""
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b"caf\xe9.png".decode(errors="surrogateescape"), r"caf\xe9.png"),
        ("two\nlines", r"two\nlines"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("a\u2028b\x85", r"a\u2028b\x85"),
        ("\ud800", r"\ud800"),
    ],
)
def test_escaped(text: str, shown: str) -> None:
    """The others are shown as in Python's strings."""
    assert printable(text) == shown
