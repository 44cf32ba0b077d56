"""JSON as Keras writes it, read within bounds."""

from __future__ import annotations

import json
import re
from typing import Any

from export.importers.keras.keras2.problems import Malformed

MOST_LEVELS = 200
"""Of brackets inside brackets; a network in a network adds about six."""

_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def parsed(text: str) -> Any:
    """The value of a JSON text; raises Malformed where it is none, or deeper than MOST_LEVELS."""
    level = 0
    for match in _BRACKET.finditer(text):
        level += (match[0] in ("[", "{")) - (match[0] in ("]", "}"))
        if level > MOST_LEVELS:
            raise Malformed("its configuration has brackets inside brackets without end")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed("its configuration is no JSON") from error
