"""The text of `--help`, from the tables of commands and options."""

from __future__ import annotations

import textwrap

from deployment.commands import COMMANDS
from deployment.options import GROUPS, Option
from settings.setting import HTTP, UPLOAD

WIDTH = 110
COLUMN = 31
WHO = {HTTP: "http", UPLOAD: "upload"}
ABOUT = """\
What is about to be sent is first collected in a temporary folder and tried there; nothing is sent when it
cannot classify a picture. Both functions are private. Running it again changes only what is different.
"""
END = """\
What follows -- goes to gcloud functions deploy as it is. A rollback or split pins traffic: what is deployed
then gets none until split 100, or with --to-latest.

The files are tried in a new virtual environment with requirements.txt alone; PYTHON=... names a Python
that has those installed, to be used instead.
"""


def text() -> str:
    """All of it."""
    usage = "Usage: ./deploy.sh COMMAND --project P --region R [options]\n"
    commands = [_line(f"{name} {command.operand}", command.meaning) for name, command in COMMANDS.items()]
    groups = ["".join(map(_row, group)) for group in GROUPS]
    return "\n".join([usage, "".join(commands), ABOUT, *groups, END])


def _row(option: Option) -> str:
    return _line(f"{option.flag} {option.metavar}", _meaning(option))


def _line(name: str, meaning: str) -> str:
    left = f"  {name}".rstrip()
    lines = textwrap.wrap(meaning, WIDTH - COLUMN, break_on_hyphens=False)
    return "".join(f"{head:<{COLUMN}}{line}\n" for head, line in zip([left, *[""] * len(lines)], lines))


def _meaning(option: Option) -> str:
    """The meaning of an option, its functions, and its default."""
    alone = [function for function in (HTTP, UPLOAD) if function in option.functions]
    who = f"{WHO[alone[0]]}: " if len(alone) == 1 else ""
    unset = option.default or (option.setting.unset if option.setting and option.metavar else "")
    default = f"; default: {unset}" if unset and not option.is_required else ""
    return f"{who}{option.meaning}{default}"
