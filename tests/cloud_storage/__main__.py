"""`python -m tests.cloud_storage`, the old name of `python -m emulator`."""

import sys

from emulator.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
