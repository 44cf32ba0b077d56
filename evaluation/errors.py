"""Errors in the labelled pictures that a model is evaluated on."""

from __future__ import annotations


class EvaluationError(Exception):
    """The evaluation that was asked for is impossible; the message says why, and what to do."""


class BadLabels(EvaluationError, ValueError):
    """A folder or an import file does not say which label its pictures have."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"{address}: {reason}")
        self.address = address
        self.reason = reason


class NoThreshold(EvaluationError):
    """No score keeps the errors below the share that was asked for; `least` pictures without error would be needed."""

    def __init__(self, error: float, held_out: int, least: int) -> None:
        super().__init__(
            f"No score keeps errors at no more than {error:.4g} of the answered with 95 % confidence, on {held_out:,} "
            f"pictures that were held out. At least {least:,} of them have to be answered, without any error: give "
            "more pictures, or a larger --error."
        )
        self.error = error
        self.held_out = held_out
        self.least = least
