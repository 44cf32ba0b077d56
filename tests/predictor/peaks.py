"""Prints the most bytes a pixel that decoding takes, for each file and way of decoding.

usage: peaks.py FOLDER, whose files are called NAME.CHANNELS.DECODER
"""

from __future__ import annotations

import ctypes
import json
import re
import sys
from pathlib import Path

import PIL.Image

from predictor import Decoding, Limits, bands
from predictor.image import decode

SELF = Path("/proc/self")
RESET_PEAK = "5"  # what proc_pid_clear_refs(5) takes for it
SMALL_BAND = 1 << 14  # pixels, so that what does not grow with the picture is small beside it
LIMITS = Limits(max_bytes=1 << 30)


def status(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", (SELF / "status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024


def peak(data: bytes, decoding: Decoding) -> float:
    """Bytes a pixel above what was held before, with the pixels."""
    ctypes.CDLL(None).malloc_trim(0)
    (SELF / "clear_refs").write_text(RESET_PEAK)
    before = status("VmRSS")
    pixels = decode(data, decoding, LIMITS)
    return (status("VmHWM") - before) / (pixels.shape[0] * pixels.shape[1])


def main() -> None:
    PIL.Image.init()
    bands.BAND = SMALL_BAND
    ctypes.CDLL(None).mallopt(-3, 1 << 16)  # M_MMAP_THRESHOLD: what is freed goes back at once
    peaks = {}
    for path in sorted(Path(sys.argv[1]).iterdir()):
        _, channels, decoder = path.name.split(".")
        decoding = Decoding(channels=int(channels), decoder=decoder)  # type: ignore[arg-type]
        peaks[path.name] = peak(path.read_bytes(), decoding)
    print(json.dumps(peaks))


if __name__ == "__main__":
    main()
