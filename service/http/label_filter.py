"""Which of the labels a request wants."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from results.errors import RequestError

_COUNT = re.compile("[1-9][0-9]{0,17}")  # int() refuses numbers of thousands of digits
_LONGEST_SCORE = 40  # characters
_SHOWN = 20  # characters
_KNOWN = ("top_k", "min_score")
_GOOGLES = re.compile(r"\$|_|key\Z")  # how parameters begin that Google's clients and gateways add to any address


@dataclass(frozen=True)
class LabelFilter:
    """The `top_k` best labels (None: all) of at least `min_score`."""

    top_k: int | None = None
    min_score: float = -math.inf

    @classmethod
    def of(cls, values: Mapping[str, str]) -> LabelFilter:
        """Read `top_k` and `min_score`; RequestError 400 for values that cannot be meant."""
        top_k, min_score = values.get("top_k"), values.get("min_score", "-inf")
        if top_k is not None and not _COUNT.fullmatch(top_k):
            raise RequestError(400, f"top_k is {top_k[:_SHOWN]!r}, not a whole number above zero.")
        label_filter = cls(int(top_k) if top_k else None, _number(min_score))
        if math.isnan(label_filter.min_score):
            raise RequestError(400, f"min_score is {min_score[:_SHOWN]!r}, not a number.")
        return label_filter

    @classmethod
    def of_query(cls, query: MultiDict[str, str]) -> LabelFilter:
        """The same of the parameters of an address; RequestError 400 also for one that is not known, or given twice."""
        for name, values in query.lists():
            if name not in _KNOWN and not _GOOGLES.match(name):
                known = " and ".join(_KNOWN)
                raise RequestError(400, f"There is no query parameter {name[:_SHOWN]!r} here; there are {known}.")
            if name in _KNOWN and len(values) > 1:
                raise RequestError(400, f"The query parameter {name} is given {len(values):,} times.")
        return cls.of(query)


def _number(text: str) -> float:
    try:
        return float(text) if len(text) <= _LONGEST_SCORE else math.nan
    except ValueError:
        return math.nan
