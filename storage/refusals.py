"""The reason of Cloud Storage for refusing a call, in its own words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from google.api_core.exceptions import GoogleAPICallError

MOST = 500  # characters of a sentence that are kept
_TAG = re.compile("<[^>]*>")
# What only the words tell: a hold has the reason of a missing permission, and downloads are refused in plain text.
_ROLE = re.compile(r"does not have storage\.\S+ access|Permission 'storage\.\S+' denied")
_KEEPING = re.compile(r"cannot be deleted(,| or) overwritten")
_CONSTRAINT = re.compile(r"\bconstraints?\b", re.IGNORECASE)


@dataclass(frozen=True)
class Refusal:
    """Why a call is refused: Google's sentence, and its word for the reason where it has one."""

    sentence: str
    reason: str = ""

    @classmethod
    def of(cls, error: GoogleAPICallError) -> Refusal:
        """Read the answer that made an error: JSON, a sentence, or a page."""
        response: Any = error.response
        try:
            details = response.json()["error"]
            sentence, reasons = details["message"], details.get("errors") or [{}]
            return cls(_line(sentence), str(reasons[0].get("reason", "")))
        except (AttributeError, LookupError, TypeError, ValueError):
            return cls(_line(getattr(response, "text", "") or error.message))

    @property
    def is_about_role(self) -> bool:
        """Whether a permission is missing that roles of Cloud Storage give."""
        return bool(_ROLE.search(self.sentence))

    @property
    def is_about_constraint(self) -> bool:
        """Whether a policy of the organization forbids it, which has the status of a condition that does not hold."""
        return bool(_CONSTRAINT.search(self.sentence))

    @property
    def is_about_keeping(self) -> bool:
        """Whether a retention policy or a hold keeps the object."""
        keeping = ("retentionPolicyNotMet", "objectUnderActiveHold")
        return self.reason in keeping or bool(_KEEPING.search(self.sentence))


def _line(text: object) -> str:
    """One line of text out of whatever an answer holds."""
    line = " ".join(_TAG.sub(" ", str(text)).split())
    return line if len(line) <= MOST else f"{line[:MOST]}…"
