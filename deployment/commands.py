"""The commands of `deploy.sh`: one table, which arguments, `--help` and the tests read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from deployment import deploy
from deployment.arguments import Arguments
from deployment.errors import Refused
from deployment.options import OPTIONS, Option
from settings.setting import HTTP, UPLOAD
from settings.values import shown


@dataclass(frozen=True)
class Command:
    """A command: its meaning, the options that it takes, and the function that does it."""

    meaning: str
    options: tuple[Option, ...]
    run: Callable[[Arguments], None]

    def check(self, arguments: Arguments) -> None:
        """Refused for what is said and belongs to other commands, is missing, or cannot be meant."""
        for option in OPTIONS.values():
            if option in arguments and option not in self.options:
                others = [name for name, command in COMMANDS.items() if option in command.options]
                raise Refused(f"{arguments.called(option)} belongs to {' and '.join(others)}.")
        for option in self.options:
            if not arguments[option] and option.is_required:
                raise Refused(f"{option.flag} is missing: {option.meaning}.")


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
}


def run(argv: Sequence[str]) -> None:
    """Do what the arguments say; DeploymentError."""
    arguments = Arguments(argv)
    command = _find(arguments.words)
    command.check(arguments)
    command.run(arguments)


def _find(words: list[str]) -> Command:
    """The one command that the words name."""
    *others, last = COMMANDS
    listed = f"{', '.join(others)} and {last}"
    if not words:
        raise Refused(f"Say what to do: one of {listed}.")
    for word in words:
        if word not in COMMANDS:
            raise Refused(f"There is no argument {shown(word)}; ./deploy.sh --help lists them.")
    if len(words) > 1:
        raise Refused(f"Say one of {listed}; {words[0]} was said already.")
    return COMMANDS[words[0]]
