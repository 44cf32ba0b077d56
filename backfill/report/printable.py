"""Names, labels and sentences as a person can read them, whatever is in them."""

from __future__ import annotations

import unicodedata

_HIDDEN = ("Cc", "Cs", "Zl", "Zp")  # controls, halves of surrogate pairs, and separators that break lines
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""The characters that turn the direction of writing, so that a name may look like another one."""


def printable(text: str) -> str:
    r"""One line of text that can be encoded; what would break it, or steer a terminal, is shown as in Python's strings.

    A byte of a file's name that is not UTF-8 is shown as `\xff`.
    """
    if text.isprintable():
        return text
    return "".join(_escaped(one) if _is_hidden(one) else one for one in text)


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN or character in _TURNING


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # as Python reads such a byte
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape", "surrogatepass").decode()
