"""`python -m tests.emulate model.onnx`, the old name of `python -m emulator.labelling`."""

import sys

from emulator.labelling import main

if __name__ == "__main__":
    sys.exit(main())
