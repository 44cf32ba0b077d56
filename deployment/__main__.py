"""`./deploy.sh` calls this with its arguments."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

# Python was started with this folder, whose files would be taken for modules of any name.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).parent.parent))

from deployment import commands, manual, streams
from deployment.errors import DeploymentError, Ended
from deployment.options import HELP


def main(argv: Sequence[str]) -> int:
    """Do what is asked for; the exit code: 0, 2 for what was refused, 1 for what failed, or gcloud's own."""
    streams.open_missing()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves it
            signal.signal(number, _end)
    try:
        if {HELP.flag, "-h"} & {*argv}:
            streams.show(manual.text().rstrip("\n"))
        else:
            commands.run(argv)
    except DeploymentError as error:
        if str(error):
            streams.say(f"deploy.sh: {error}")
        return error.exit_code
    except OSError as error:
        streams.say(f"deploy.sh: {': '.join(filter(None, (error.filename, error.strerror)))}.")
        return 1
    except (KeyboardInterrupt, Ended) as error:
        streams.say("deploy.sh: ended before its end; running it again does the rest.")
        return error.exit_code if isinstance(error, Ended) else 128 + signal.SIGINT
    return 0


def _end(number: int, _frame: FrameType | None) -> None:
    raise Ended(number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
