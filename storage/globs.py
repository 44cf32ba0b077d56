"""Matching the names of objects with patterns: `*` and `?` stay within a segment between slashes, `**` does not.

A pattern is a chain of elements. Which of them may come next is kept as the bits of one number for all patterns
together, so that a name costs one step a character, whatever the patterns (the Shift-And method of Baeza-Yates and
Gonnet, with loops: Navarro and Raffinot, "Flexible Pattern Matching in Strings", chapter 4). Steps are remembered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import takewhile

SET = r"\[\]\]|\[[!^]?[^]]+\]"
"""One character of a set such as `[a-z_]`, or of all others; `[]]` is the one that closes sets."""
_FOLDERS = r"(?:^|(?<=/))(?:\*{2,}/)+"  # any number of segments, also none
_ELEMENT = rf"(?s){_FOLDERS}|\*{{2,}}|{SET}|."
_STEPS = 4096  # that are remembered; the names in one bucket take some hundreds


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether any of the patterns describes the whole name; upper and lower case differ."""
    return _compiled(tuple(patterns)).matches(name)


def is_wild(pattern: str) -> bool:
    """Whether more than one name may match the pattern."""
    return not all(map(_literal, _elements(pattern)))


def prefix(pattern: str) -> str:
    """The beginning of all names that match the pattern."""
    return "".join(takewhile(bool, map(_literal, _elements(pattern))))


@lru_cache(maxsize=16)
def _compiled(patterns: tuple[str, ...]) -> _Automaton:
    return _Automaton(patterns)


class _Automaton:
    """Reads a name character by character; each element of each pattern has a bit, and so has the end of each."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._literal: dict[str, int] = {}
        self._sets: dict[str, int] = {}
        self._any = self._within = self._across = self._folders = self._end = 0
        bit, start = 1, 0
        for pattern in patterns:
            start |= bit
            for element in _elements(pattern):
                self._add(element, bit)
                bit <<= 1
            self._end |= bit
            bit <<= 1
        self._first = self._entered(start)
        self._after = lru_cache(_STEPS)(self._step)

    def matches(self, name: str) -> bool:
        """Whether the whole name is described."""
        states = self._first
        for character in name:
            states = self._after(states, character)
            if not states:
                return False
        return bool(states & self._end)

    def _add(self, element: str, bit: int) -> None:
        if element.endswith("**/"):
            self._folders |= bit
        elif element.startswith("**"):
            self._across |= bit
        elif element == "*":
            self._within |= bit
        elif element == "?":
            self._any |= bit
        elif literal := _literal(element):
            self._literal[literal] = self._literal.get(literal, 0) | bit
        else:
            self._sets[element] = self._sets.get(element, 0) | bit

    def _step(self, states: int, character: str) -> int:
        stay, forward = self._across | self._folders, self._literal.get(character, 0)
        if character == "/":
            forward |= self._folders
        else:
            stay, forward = stay | self._within, forward | self._any
            for element, bits in self._sets.items():
                if states & bits and _holds(element, character):
                    forward |= bits
        return self._entered((states & forward) << 1, states & stay)

    def _entered(self, new: int, old: int = 0) -> int:
        """With the elements behind those that may stand for nothing; `**/` may not once it has begun to."""
        states = new | (new & self._folders) << 1 | old
        return states | (states & (self._across | self._within)) << 1


def _elements(pattern: str) -> list[str]:
    return re.findall(_ELEMENT, pattern)


def _literal(element: str) -> str:
    """The one character that an element stands for; empty if there may be others."""
    if len(element) == 1:
        return "" if element in "*?" else element
    return element[1] if len(element) == 3 and element[0] == "[" else ""


def _holds(element: str, character: str) -> bool:
    is_negated = element[1] in "!^"
    ranges = re.findall(r"(?s)(.)-(.)|(.)", element[1 + is_negated : -1])
    return is_negated != any(first <= character <= last or character == one for first, last, one in ranges)
