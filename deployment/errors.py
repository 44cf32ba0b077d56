"""How a deployment ends before its end."""

from __future__ import annotations


class DeploymentError(Exception):
    """Root of this package's errors; the message is a sentence for a person, or empty where all is said."""

    exit_code = 1


class Refused(DeploymentError):
    """The command line cannot be meant; nothing was done."""

    exit_code = 2


class CommandFailed(DeploymentError):
    """A command, which said itself what is wrong."""

    def __init__(self, exit_code: int) -> None:
        super().__init__("")
        self.exit_code = exit_code


class Ended(BaseException):
    """A signal asked to end; not an Exception, as KeyboardInterrupt is none."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.exit_code = 128 + signal
