"""Python source without what only readers need."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator

Edit = tuple[int, int, int, int, str]
"""Text to put between two places: first line, first column, last line, last column; lines from 1, columns in bytes."""


def without_prose(source: str) -> str:
    """The same program without docstrings and comments, each statement in its line, so that tracebacks stay true."""
    lines = [line.encode() for line in source.splitlines(keepends=True)]
    for first, start, last, end, text in sorted((*_docstrings(source), *_comments(source)), reverse=True):
        head, tail = lines[first - 1][:start] + text.encode(), lines[last - 1][end:]
        lines[first - 1 : last] = [head.rstrip() + b"\n"] + [b"\n"] * (last - first - 1) + [tail]
        if first == last:
            lines[first - 1 : first + 1] = [(head + tail).rstrip() + b"\n"]
    return b"".join(lines).decode()


def _docstrings(source: str) -> Iterator[Edit]:
    """Every statement that is a string alone; an empty one stays where a line or a body must not be empty."""
    for node in ast.walk(ast.parse(source)):
        for field in ("body", "orelse", "finalbody"):
            statements = getattr(node, field, None)
            if isinstance(statements, list):
                yield from _strings(statements)


def _strings(statements: list[ast.stmt]) -> Iterator[Edit]:
    strings = [statement for statement in statements if _is_string(statement)]
    for string in strings:
        first, last = string.lineno, string.end_lineno or 0
        shares_line = any(s is not string and (s.lineno == last or s.end_lineno == first) for s in statements)
        text = '""' if shares_line or len(strings) == len(statements) else ""
        yield first, string.col_offset, last, string.end_col_offset or 0, text


def _is_string(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _comments(source: str) -> list[Edit]:
    return [
        (line, len(token.line[:column].encode()), line, len(token.line.rstrip("\r\n").encode()), "")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
        for line, column in [token.start]
    ]
