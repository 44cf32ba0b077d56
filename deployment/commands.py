"""The commands of `deploy.sh`: one table, which arguments, `--help` and the tests read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from deployment import delete, deploy, plan, status, traffic
from deployment.arguments import PASSED_ON, Arguments
from deployment.errors import Refused
from deployment.options import DRY_RUN, MODEL, ONLY, OPERATED, OPTIONS, YES, Option
from settings.setting import BOTH, HTTP, UPLOAD
from settings.values import shown


@dataclass(frozen=True)
class Command:
    """A command: its meaning, the options that it takes, and the function that does it."""

    meaning: str
    options: tuple[Option, ...]
    run: Callable[[Arguments], None]
    operand: str = ""
    """The word behind the command, as `--help` shows it: in brackets where it may be left out."""

    def check(self, arguments: Arguments) -> None:
        """Refused for what is said and belongs to other commands, is missing, or cannot be meant."""
        for option in OPTIONS.values():
            if option in arguments and option not in self.options:
                others = [name for name, command in COMMANDS.items() if option in command.options]
                raise Refused(f"{arguments.called(option)} belongs to {_listed(others)}.")
        if arguments.passed_on and MODEL not in self.options:
            raise Refused(f"{shown(arguments.passed_on[0])} is behind {PASSED_ON}, for the deployment of a function.")
        for option in self.options:
            if not arguments[option] and option.is_required:
                raise Refused(f"{option.flag} is missing: {option.meaning}.")


_FUNCTIONS = {"http": (HTTP,), "upload": (UPLOAD,), "both": BOTH}


class Plan(Command):
    """The command that shows what another one would do, and takes that one's options."""

    def check(self, arguments: Arguments) -> None:
        """Refused for another operand than a deployment, and for what that refuses."""
        if arguments.operand not in _FUNCTIONS:
            raise Refused(f"plan needs one of {_listed(_FUNCTIONS)}, not {shown(arguments.operand)}.")
        COMMANDS[arguments.operand].check(arguments)


def _plan(arguments: Arguments) -> None:
    plan.run(arguments, _FUNCTIONS[arguments.operand])


def _deploying(meaning: str, *functions: str) -> Command:
    options = tuple(option for option in OPTIONS.values() if set(option.functions) & set(functions))
    return Command(meaning, options, partial(deploy.run, functions=functions))


COMMANDS = {
    "http": _deploying("an HTTP function that answers with the labels of the image it is sent", HTTP),
    "upload": _deploying(
        "a function that labels every image uploaded to --bucket and writes to --results",
        UPLOAD,
    ),
    "both": _deploying("the two of them, from the same files", HTTP, UPLOAD),
    "plan": Plan(
        "what that would do, and why, as a commented script; changes nothing",
        (),
        _plan,
        "|".join(_FUNCTIONS),
    ),
    "status": Command("what serves, with which model, and what went wrong; changes nothing", OPERATED, status.run),
    "rollback": Command(
        "all traffic to a revision that was deployed before, or to the one before the one that serves",
        (*OPERATED, ONLY, DRY_RUN),
        traffic.rollback,
        "[REVISION]",
    ),
    "split": Command(
        "so much of the traffic to the newest revision, the rest to the one that serves; 100 ends it",
        (*OPERATED, ONLY, DRY_RUN),
        traffic.split,
        "PERCENT",
    ),
    "delete": Command(
        "the functions with their roles, identities and triggers; never buckets or what is in them",
        (*OPERATED, ONLY, DRY_RUN, YES),
        delete.run,
    ),
}


def run(argv: Sequence[str]) -> None:
    """Do what the arguments say; DeploymentError."""
    arguments = Arguments(argv)
    command = _find(arguments.words)
    command.check(arguments)
    command.run(arguments)


def _find(words: list[str]) -> Command:
    """The one command that the words name, with no more operands than it takes."""
    if not words:
        raise Refused(f"Say what to do: one of {_listed(COMMANDS)}.")
    first, *others = words
    if first not in COMMANDS:
        raise Refused(f"There is no argument {shown(first)}; ./deploy.sh --help lists them.")
    command = COMMANDS[first]
    for word in others:
        if word in COMMANDS and word not in command.operand.split("|"):
            raise Refused(f"Say one of {_listed(COMMANDS)}; {first} was said already.")
    if len(others) > (1 if command.operand else 0):
        raise Refused(f"There is no argument {shown(others[-1])}; ./deploy.sh --help lists them.")
    if command.operand and not command.operand.startswith("[") and not others:
        raise Refused(f"{first} needs {command.operand}.")
    return command


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
