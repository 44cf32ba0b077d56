"""What is told to the user while something long happens."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[str, int, int | None], None]
"""Told of each step: what is done, how many of it are done, and of how many where that is known."""
