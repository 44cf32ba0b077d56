"""Calls of gcloud, or the same calls printed."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from deployment import processes, streams
from deployment.errors import CommandFailed, DeploymentError
from deployment.processes import HIDDEN

if TYPE_CHECKING:
    from deployment.roles import Grant

PAUSES = (5, 10, 20)
"""Seconds between attempts to grant a role: a new identity is not known everywhere at once."""


def ask(*words: str) -> Any:
    """The JSON that a command answers, which changes nothing; CommandFailed, and gcloud has said why."""
    exit_code, printed = processes.output(["gcloud", *words, "--format=json"])
    if exit_code:
        raise CommandFailed(exit_code)
    try:
        return json.loads(printed or "null")
    except ValueError as error:
        raise DeploymentError(f"gcloud {' '.join(words[:3])} answered something that is no JSON.") from error


def exists(*describe: str) -> bool:
    """Whether a command finds what it describes; it does not either where that may not be seen."""
    return processes.run(["gcloud", *describe], stdout=HIDDEN, stderr=HIDDEN) == 0


class Cloud(Protocol):
    """Google Cloud, which commands change; their words are those behind `gcloud`."""

    def run(self, *words: str) -> None:
        """Change something; CommandFailed."""

    def run_quietly(self, *words: str) -> None:
        """Change a policy, which gcloud would show whole after it; CommandFailed."""

    def make(self, describe: Sequence[str], create: Sequence[str]) -> None:
        """Make what is not there yet; CommandFailed."""

    def grant(self, grant: Grant) -> None:
        """Give a service account a role; DeploymentError."""

    def answer(self, placeholder: str, *words: str) -> str:
        """The answer of a command, or the placeholder where nothing is asked; CommandFailed."""


class Gcloud:
    """Runs the commands."""

    def run(self, *words: str) -> None:
        """Run a command; what it prints is shown."""
        if exit_code := processes.run(["gcloud", *words]):
            raise CommandFailed(exit_code)

    def run_quietly(self, *words: str) -> None:
        """Run a command without what it prints on its standard output."""
        if exit_code := processes.run(["gcloud", *words], stdout=HIDDEN):
            raise CommandFailed(exit_code)

    def make(self, describe: Sequence[str], create: Sequence[str]) -> None:
        """Make what is not there; somebody else may have made it in between."""
        if exists(*describe):
            return
        try:
            self.run(*create)
        except CommandFailed:
            if not exists(*describe):
                raise

    def grant(self, grant: Grant) -> None:
        """Add a binding to a policy, which gcloud would show whole after each change."""
        for pause in (*PAUSES, None):
            if processes.run(["gcloud", *grant.adding], stdout=HIDDEN) == 0:
                return
            if pause:
                time.sleep(pause)
        raise DeploymentError(f"{grant.role} could not be granted to {grant.member}.")

    def answer(self, placeholder: str, *words: str) -> str:
        """Ask for something."""
        exit_code, printed = processes.output(["gcloud", *words])
        if exit_code:
            raise CommandFailed(exit_code)
        return printed


class Printed:
    """Prints the commands as a shell takes them; as nothing is asked for, it shows how all is made."""

    def run(self, *words: str) -> None:
        """Print the command."""
        streams.show(shlex.join(["gcloud", *words]))

    def run_quietly(self, *words: str) -> None:
        """Print the command."""
        self.run(*words)

    def make(self, describe: Sequence[str], create: Sequence[str]) -> None:
        """Print how it is made."""
        self.run(*create)

    def grant(self, grant: Grant) -> None:
        """Print the command."""
        self.run(*grant.adding)

    def answer(self, placeholder: str, *words: str) -> str:
        """The placeholder."""
        return placeholder


def changing(*, is_dry: bool) -> Cloud:
    """The cloud that is changed, or the one that prints how."""
    return Printed() if is_dry else Gcloud()
