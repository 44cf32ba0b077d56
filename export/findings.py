"""What was found out about the preprocessing, for a person to judge."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Figures with a title and the columns' headings."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Findings:
    """Sentences, and the tables that they rest on."""

    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()

    def and_(self, other: Findings) -> Findings:
        """Both, one after the other."""
        return Findings(self.sentences + other.sentences, self.tables + other.tables)
