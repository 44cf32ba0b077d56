"""Sockets of failed downloads, which the real client leaves to the garbage collector."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest


def tolerate(items: Iterable[pytest.Item], folder: Path) -> None:
    """Let the tests below a folder leave them; to be called where tests are collected."""
    for item in items:
        if folder in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"))


@pytest.fixture(scope="module", autouse=True)
def collected() -> Iterator[None]:
    """Collect those sockets before other tests begin, in which they would be errors."""
    yield
    gc.collect()
