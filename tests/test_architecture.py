"""docs/architecture.md is true: what it names is there, and nothing imports what it may not."""

from __future__ import annotations

import ast
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of a table's rows, below a row of headings that begins so."""
    lines = PAGE.split(f"\n| {heading} |")[1].splitlines()[2:]
    table = lines[: next((number for number, line in enumerate(lines) if not line.startswith("|")), len(lines))]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


def marked(cell: str) -> list[str]:
    return re.findall(r"`(.+?)`", cell)


ALLOWED = {marked(package)[0]: set(marked(allowed)) for package, _, allowed in rows("package")}
OUTSIDE = {name: set(marked(where)) for names, where in rows("package from outside") for name in marked(names)}


@cache
def sources() -> dict[str, Path]:
    """Every module of ours by its name."""
    files = [ROOT / "main.py", *(path for package in ALLOWED for path in sorted((ROOT / package).rglob("*.py")))]
    names = (".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in files)
    return dict(zip(names, files, strict=True))


@cache
def imports(module: str) -> frozenset[str]:
    """What a module imports when it is loaded or runs, but not what is for type checkers alone."""
    tree = ast.parse(sources()[module].read_text(encoding="utf-8"))
    checkers = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    unseen = {id(inner) for node in checkers for child in node.body for inner in ast.walk(child)}
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in unseen:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            inner = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            found |= {full if full in sources() else str(node.module) for full in inner.values()}
    return frozenset(found - {module})


def package_of(module: str) -> str:
    return module.partition(".")[0]


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_of_ours(package: str) -> None:
    """A package imports of ours what the table allows, or a part of it."""
    wrong = {
        (module, imported)
        for module in sources()
        for imported in imports(module)
        if package_of(module) == package != package_of(imported)
        if package_of(imported) in ALLOWED and not {package_of(imported), imported} & ALLOWED[package]
    }
    assert wrong == set()


@pytest.mark.parametrize("outside", OUTSIDE)
def test_imports_from_outside(outside: str) -> None:
    """A package from outside is imported only where the table says, and is imported there."""
    using = {package_of(module) for module in sources() if outside in map(package_of, imports(module))}
    assert using
    assert using <= OUTSIDE[outside]


def test_no_circles() -> None:
    """No modules import each other in a circle."""
    ours = sources().keys()
    try:
        TopologicalSorter({module: imports(module) & ours for module in ours}).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(error.args[1]))


def test_files_are_there() -> None:
    """Every file and folder that the page names exists."""
    in_text = set(re.findall(r"\b(?:export|service|predictor|backfill)/[\w/.]*\w", PAGE))
    named = {name for name in marked(PAGE) if "/" in name} | in_text
    missing = {name for name in named if not (ROOT / name).exists() and not (ROOT / f"{name}.py").exists()}
    assert missing == set()
