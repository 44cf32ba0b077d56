"""Which of the labels a request wants."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from service.errors import RequestError

_COUNT = re.compile("[1-9][0-9]{0,17}")  # int() refuses numbers of thousands of digits


@dataclass(frozen=True)
class Choice:
    """The `top_k` best labels (None: all) of at least `min_score`."""

    top_k: int | None = None
    min_score: float = -math.inf

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Choice:
        """Read `top_k` and `min_score`; RequestError 400 for values that cannot be meant."""
        top_k, min_score = values.get("top_k"), values.get("min_score", "-inf")
        if top_k is not None and not _COUNT.fullmatch(top_k):
            raise RequestError(400, f"top_k is {top_k[:20]!r}, not a whole number above zero.")
        choice = cls(int(top_k) if top_k else None, _number(min_score))
        if math.isnan(choice.min_score):
            raise RequestError(400, f"min_score is {min_score[:20]!r}, not a number.")
        return choice


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
