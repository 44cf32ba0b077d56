"""Which fields of the recipe the answers show: only those of which no other value is anywhere near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from export.preprocessing.identification.elimination import CLEAR, Searched
from export.preprocessing.identification.space import FIELDS, Value, value

LEAST_VARIATION = 0.02
"""Scores that vary less between the pictures tell nothing apart."""
LEAST_PICTURES = 3
LEAST_DECIMALS_FOR_RESIZE = 3
"""Two decimals never told resizes apart."""


@dataclass(frozen=True)
class Field:
    """One field. values: those that fit the answers. other: that of the nearest other recipe, so far as a score."""

    name: str
    values: tuple[Value, ...]
    is_shown: bool
    other: Value | None = None
    away: float = np.inf


def judge(searched: Searched, fitting: Sequence[int], among: Sequence[int], decimals: int) -> dict[str, Field]:
    """Each field by the recipes that fit, and how far the others are `among` those in question."""
    tells = searched.variation > LEAST_VARIATION and searched.pictures >= LEAST_PICTURES
    return {name: _field(name, searched, fitting, among, decimals, tells=tells) for name in FIELDS}


def _field(
    name: str, searched: Searched, fitting: Sequence[int], among: Sequence[int], decimals: int, *, tells: bool
) -> Field:
    values = tuple(dict.fromkeys(value(searched.recipes[index], name) for index in fitting))
    if len(values) > 1 or (name == "resize" and decimals < LEAST_DECIMALS_FOR_RESIZE):
        tells = False
    others = [index for index in among if value(searched.recipes[index], name) not in values]
    if not others:
        return Field(name, values, tells)
    nearest = searched.nearest(others)
    is_clear = float(searched.distances[nearest]) >= CLEAR
    other = value(searched.recipes[nearest], name)
    return Field(name, values, tells and is_clear, other, searched.difference(nearest))
