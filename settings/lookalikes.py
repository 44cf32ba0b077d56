"""Variables that look like a setting and are none: `INCLUDES`, `RESULT`, `max_bytes`."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator

from settings.table import TABLE

_log = logging.getLogger(__name__)


def warn_of_lookalikes(environ: Collection[str]) -> None:
    """Write a line to the log for each; such a variable may be another program's, so it is no reason to end."""
    for name, setting in mistaken(environ):
        _log.warning("%s is set, which is no setting; %s is one, and not set", name, setting)


def mistaken(environ: Collection[str]) -> Iterator[tuple[str, str]]:
    """The names of variables with the setting that each may be meant for, which is not set itself."""
    missing = [setting.name for setting in TABLE if not setting.set_by and setting.name not in environ]
    for name in environ:
        for setting in missing:
            if abs(len(name) - len(setting)) <= 1 and is_near(name.upper(), setting):
                yield name, setting


def is_near(name: str, other: str) -> bool:
    """Whether one character more or less, another one, or two the other way round make them the same."""
    while name and other and name[0] == other[0]:
        name, other = name[1:], other[1:]
    while name and other and name[-1] == other[-1]:
        name, other = name[:-1], other[:-1]
    return len(name) <= 1 >= len(other) or (len(name) == 2 and name == other[::-1])
