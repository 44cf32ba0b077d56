"""Why a backfill does not begin, or ends early; each message is a sentence or two for a person."""

from __future__ import annotations

import re
import textwrap

from backfill.job import Output
from backfill.report.tally import Tally

MOST_CHARACTERS = 300  # characters of what a library says

_RAISED = re.compile(
    r"^(?:RuntimeError: )?(?:[\w.]+\.)?(\w+): (.+?)(?: \[(?:while running|ptransform) .*)?$", re.MULTILINE
)


class BackfillError(Exception):
    """Root of this package's errors; the command ends with `exit_code`."""

    exit_code = 1


class BadOption(BackfillError):
    """An option is missing or holds what cannot be used; nothing was begun."""

    exit_code = 2

    def __init__(self, option: str, reason: str) -> None:
        super().__init__(f"{option}: {reason}")
        self.option = option
        self.reason = reason


class CannotReach(BackfillError):
    """A bucket or folder does not let itself be read or written."""

    def __init__(self, place: object, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


class WorkerDied(BackfillError):
    """A worker's process ended, which it never does by itself."""

    def __init__(self, how: object) -> None:
        super().__init__(f"a worker died, perhaps for want of memory; fewer --workers need less ({how})")


class EndedEarly(BackfillError):
    """The work ended before all of it was done; `tally` is how far it came, where that is known."""

    def __init__(self, reason: str, tally: Tally | None, output: Output) -> None:
        done = f" {tally.progress()}" if tally else ""
        again = (
            "it goes on where it ended" if output == "objects" else "it begins anew, as files are whole or not there"
        )
        super().__init__(f"{reason}{done} Run it again: {again}.")
        self.reason = reason
        self.tally = tally


class Interrupted(EndedEarly):
    """The user ended it."""

    exit_code = 130  # what a shell gives for SIGINT


def sentence(error: BaseException) -> str:
    """The error itself, out of the traces of remote processes that Beam puts around it."""
    if isinstance(error, BackfillError):
        return str(error)
    raised = _RAISED.findall(str(error))
    kind, said = raised[-1] if raised else (type(error).__name__, str(error).strip().partition("\n")[0])
    short = textwrap.shorten(said, MOST_CHARACTERS, placeholder=" …")
    return f"{short} ({kind})" if short else kind
