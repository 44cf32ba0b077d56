"""What is sent of the source: the same program, in the same lines."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from deployment.compaction import without_prose
from deployment.staging import FILES, PACKAGES, ROOT

SOURCES = [ROOT / FILES[0], *(path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))]

ODD = '''#!/usr/bin/env python
# -*- coding: utf-8 -*-
"""A docstring.

Of several lines, with a # that is no comment."""
import os  # here is one

LIMIT = 3
"""What stands below a name."""


class Empty(Exception):
    """Nothing but this."""


def first(text: str = "# no comment") -> str:
    "One line."; return f"{text!r} # no comment"  # é


def second() -> list[str]:
    """Über
    zwei Zeilen"""  # and a comment
    return [
        "a",  # of the first
        # of the second
        """b
        # no comment""",
    ]
'''


def program(source: str) -> str:
    """The syntax tree with all its places, without the statements that are strings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            if isinstance(statements := getattr(node, field, None), list):
                setattr(node, field, [statement for statement in statements if not is_string(statement)])
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.end_lineno = node.end_col_offset = 0  # where its last statement ends, which may be a string
    return ast.dump(tree, include_attributes=True)


def is_string(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_same_program(path: Path) -> None:
    """Every file that is sent holds the same statements in the same places."""
    source = path.read_text(encoding="utf-8")
    assert program(without_prose(source)) == program(source)


def test_nothing_to_read() -> None:
    """Docstrings and comments are gone, and what only looks like one stays."""
    packed = without_prose(ODD)
    texts = [node.value for node in ast.walk(ast.parse(packed)) if isinstance(node, ast.Constant)]
    assert [text for text in texts if text == ""] == [""] * 2  # a class with nothing else, and a line with more
    assert "# no comment" in packed
    assert [word for word in ("docstring", "below", "Über", "coding", "here is", "é", "of the") if word in packed] == []


def test_odd_lines() -> None:
    """A string before another statement of its line, letters of two bytes, comments in brackets: all stay."""
    assert "; return f" in without_prose(ODD)
    assert len(without_prose(ODD).splitlines()) == len(ODD.splitlines())
