"""The old name of `emulator`."""

from emulator import *  # noqa: F403 # all of it, as it was
