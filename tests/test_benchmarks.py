"""The benchmarks compare fairly, and their document names all of them; what they measure, no test can say."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks import table
from benchmarks.rounds import OURS, Comparison, Spread, alternate

FOLDER = Path(__file__).parent.parent / "benchmarks"


def test_turns() -> None:
    """Contestants take turns, every other round in the opposite order, so that none always follows the same."""
    order: list[str] = []

    def contestant(name: str) -> float:
        order.append(name)
        return float(len(order))

    values = alternate({"a": lambda: contestant("a"), "b": lambda: contestant("b")}, 3)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert values == {"a": (1.0, 4.0, 5.0), "b": (2.0, 3.0, 6.0)}


def test_ratios_of_rounds() -> None:
    """Ratios are taken within a round: a slow round of both changes none."""
    comparison = Comparison("Speed", "case", "ms", {OURS: (1.0, 10.0, 3.0), "other": (2.0, 20.0, 12.0)})
    assert comparison.ratios("other") == Spread(0.5, 0.25, 0.5)
    assert comparison.ratios(OURS) is None


def test_table() -> None:
    """The table has a heading a benchmark, and a row a contestant with its spread and our share of it."""
    comparison = Comparison("Speed", "case", "ms", {OURS: (1.0, 3.0, 2.0), "other": (4.0, 4.0, 4.0)})
    heading, _, _, ours, other = table.rows([comparison])
    assert heading.strip() == "### Speed"
    assert ours == f"| case | {OURS} | 2 ms (1 – 3) |  |"
    assert other == "| case | other | 4 ms | 0.5 (0.25 – 0.75) |"


def test_every_benchmark_is_described() -> None:
    """The document's list has every benchmark that can be asked for, and no more."""
    written = re.findall(r"^\| `([a-z-]+)` \|", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    known = re.findall(r'^    "([a-z-]+)": \w+\.measure', (FOLDER / "__main__.py").read_text(), re.MULTILINE)
    assert written == known
