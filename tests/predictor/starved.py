"""Decodes and classifies a file again and again with a little more memory each time, and prints what came of it.

usage: starved.py MODEL FILE DECODING_AS_JSON
"""

from __future__ import annotations

import gc
import json
import resource
import sys
from pathlib import Path

import numpy as np
import PIL.Image

from predictor import BadImage, Classifier, Decoding, Limits
from predictor.image import decode

STEP = 1 << 20  # bytes
TRIES = 24
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def address_space() -> int:
    pages, _ = Path("/proc/self/statm").read_text().split(maxsplit=1)
    return int(pages) * resource.getpagesize()


def attempt(classifier: Classifier, data: bytes, decoding: Decoding) -> str:
    try:
        pixels = decode(data, decoding, Limits())
        classifier.scores(pixels if pixels.shape[2] == 3 else np.repeat(pixels[..., :1], 3, axis=2))
    except MemoryError:
        return "MemoryError"
    except BadImage as error:
        return error.reason
    return "labelled"


def main() -> None:
    classifier = Classifier.load(sys.argv[1])
    data, decoding = Path(sys.argv[2]).read_bytes(), Decoding(**json.loads(sys.argv[3]))
    PIL.Image.init()
    small = np.zeros((8, 8, 3), np.uint8)
    classifier.scores(small)  # what is kept from the first run on
    decode(data, decoding, Limits())
    outcomes = []
    for more in range(TRIES):
        gc.collect()
        resource.setrlimit(resource.RLIMIT_AS, (address_space() + more * STEP, resource.RLIM_INFINITY))
        outcomes.append(attempt(classifier, data, decoding))
        resource.setrlimit(resource.RLIMIT_AS, UNLIMITED)
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main()
