"""Dollars for what a backfill asks of Cloud Storage, at its published prices.

https://cloud.google.com/storage/pricing: Standard storage in one region, without the free tier, as last looked up on
PRICES_OF. Other storage classes cost more to read. Machines are not in it: those of Dataflow are billed by time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

PRICES_OF = "2026-11-24"
DOLLARS_A_WRITE_OR_LIST = 0.005 / 1000  # a class A operation
DOLLARS_A_READ = 0.0004 / 1000  # a class B operation
DOLLARS_A_GIB = 0.12  # to the internet, the first TiB of a month, but for Asia and Australia
NAMES_A_LIST = 1000  # names that one operation lists


@dataclass(frozen=True)
class Cost:
    """`transfer` is for reading from outside of Google Cloud; from the bucket's own region that is free."""

    operations: float
    transfer: float


def cost(*, listed: int, pages: int, read: int, written: int, size: int) -> Cost:
    """Dollars for so many names listed, pages listed again, pictures read of `size` bytes in all, results written."""
    lists = math.ceil(listed / NAMES_A_LIST) + pages
    operations = (lists + written) * DOLLARS_A_WRITE_OR_LIST + read * DOLLARS_A_READ
    return Cost(operations, size / 2**30 * DOLLARS_A_GIB)
