"""The bounds of calls inside calls, and of a graph whose calls are written out."""

from __future__ import annotations

from collections.abc import Iterable

from export.errors import TooComplex
from export.graph.library import Library
from export.graph.reach import Reach

MOST_OPERATIONS = 1_000_000
"""Operations once every call is written out, which TensorFlow does when it runs them."""
MOST_NESTED = 100
"""Calls inside calls."""


def check_nesting(library: Library, reaches: Iterable[Reach]) -> None:
    """TooComplex for functions that call themselves, are nested deep, or are too large once written out.

    TensorFlow enters calls one in the other and writes them out one by one; both can take all memory there is.
    """
    sizes: dict[str, tuple[int, int]] = {}
    for reach in reaches:
        for function in sorted(reach.functions):
            _measure(library, function, sizes)
        main = [name for node in reach.nodes for name in library.called(library.nodes[node])]
        if len(reach.nodes) + sum(sizes[name][0] for name in main) > MOST_OPERATIONS:
            raise TooComplex(f"it has more than {MOST_OPERATIONS:,} operations once its calls are written out")


def _measure(library: Library, function: str, sizes: dict[str, tuple[int, int]]) -> None:
    """Note how many operations a function is when written out, and how deep its calls go; without recursion."""
    open_calls: dict[str, list[str]] = {}
    waiting = [function]
    while waiting:
        name = waiting[-1]
        if name in sizes:
            waiting.pop()
        elif name in open_calls:
            waiting.pop()
            inner = [sizes[callee] for callee in open_calls.pop(name)]
            size = len(library.body(name)) + sum(operations for operations, _ in inner)
            depth = 1 + max((nested for _, nested in inner), default=0)
            if depth > MOST_NESTED:
                raise TooComplex(f"its functions call each other more than {MOST_NESTED} deep")
            sizes[name] = min(size, MOST_OPERATIONS + 1), depth
        else:
            callees = [callee for node in library.body(name).values() for callee in library.called(node)]
            library.budget.spend(1 + len(callees))
            open_calls[name] = callees
            for callee in callees:
                if callee in open_calls:
                    raise TooComplex(f"its function {callee} calls itself")
            waiting.extend(callee for callee in callees if callee not in sizes)
