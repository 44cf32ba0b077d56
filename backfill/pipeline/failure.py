"""Why there are no labels for a picture."""

from __future__ import annotations

from dataclasses import dataclass

from predictor import BadImage
from results.errors import status_of
from results.outcome import Outcome, rule_for

NO_MEMORY = "There was not enough memory for it"


@dataclass(frozen=True)
class Failure:
    """The outcome of an error by the table of `results/outcome.py`; what is retried there has been retried here."""

    outcome: Outcome
    code: int
    reason: str

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """The record of an error."""
        if isinstance(error, BadImage):
            return cls(Outcome.REFUSED, status_of(error), error.reason)
        if isinstance(error, MemoryError):  # which says nothing of the picture, and passes
            return cls(Outcome.RETRIED, 503, NO_MEMORY)
        rule = rule_for(error)
        if rule.outcome is Outcome.SUPERSEDED:
            return cls(rule.outcome, rule.code, str(error))
        return cls(Outcome.FAILED, rule.code, f"It could not be classified: {str(error) or type(error).__name__}")
