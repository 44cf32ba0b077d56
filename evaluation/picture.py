"""A picture whose labels are known."""

from __future__ import annotations

from dataclasses import dataclass

MOST_PICTURES = 1_000_000
"""Of one evaluation: their names are held in memory."""


@dataclass(frozen=True)
class LabelledPicture:
    """Where a picture is, a path or a gs:// address, and which labels a person gave it, in no order.

    use: what an import file says it is for: `training`, `validation`, `test`, or nothing.
    """

    address: str
    labels: tuple[str, ...]
    use: str = ""
