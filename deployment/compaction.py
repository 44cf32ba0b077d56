"""Python source without what only readers need."""

from __future__ import annotations

import ast
import io
import tokenize

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


def _docstrings(source: str) -> list[Edit]:
    """Every statement that is a string alone; an empty one stays, for a body must not be empty."""
    return [
        (node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0, '""')
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]


def _comments(source: str) -> list[Edit]:
    return [
        (line, len(token.line[:column].encode()), line, len(token.line.rstrip("\r\n").encode()), "")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
        for line, column in [token.start]
    ]
