"""Looks for inputs that do harm: mutated pictures for the decoder, mutated requests for the HTTP function.

Run as `make fuzz MINUTES=10`. It ends with an error at the first input that is neither classified nor refused, that
takes more processor time than its bytes and pixels are worth, longer than TIMEOUT or more than MEMORY, and leaves the
input in build/fuzz.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import atheris  # type: ignore[import-not-found]

from deployment.staging import PACKAGES
from tests.fuzzing import requests

ROOT = Path(__file__).parent.parent
SEEDS = (ROOT / "examples" / "digits" / "samples", ROOT.parent / "shared" / "images" / "odd")
FOUND = ROOT / "build" / "fuzz"
LONGEST = 1 << 17  # bytes of an input
TIMEOUT = 30  # seconds for one input
MEMORY = 2048  # MB of the process
FIRST_REQUEST = b"\x80"  # in an input's first byte; those below are for pictures
MAX_PIXELS = 4_000_000  # so that a large picture does not take the time of many small ones

# Processor time that an input may take: several times what ordinary pictures take on a slow machine, with Python's part
# slowed down by being watched. What takes more is tried again, as a machine has its moments.
SECONDS = 0.3
SECONDS_A_BYTE = 3e-6
SECONDS_A_PIXEL = 400e-9
TRIES = 3

with atheris.instrument_imports(include=[*PACKAGES]):
    from functions_framework import create_app

    import service.http  # noqa: F401 - which the function imports once more
    from predictor import BadImage, Classifier, Limits
    from tests.fuzzing import MUTATORS


class Target:
    """What an input is tried on; its first byte says which part."""

    def __init__(self, model: Path) -> None:
        os.environ |= {"MODEL": str(model), "MAX_PIXELS": str(MAX_PIXELS)}
        self._classifier = Classifier.load(model, Limits(max_pixels=MAX_PIXELS))
        self._client = create_app("classify", str(ROOT / "main.py")).test_client()

    def __call__(self, data: bytes) -> None:
        """Raises what is a defect."""
        part, data = data[:1], data[1:]
        if part >= FIRST_REQUEST:
            requests.ask(self._client, ord(part) % len(requests.REQUESTS), data)
        elif not any(self._decode(data) for _ in range(TRIES)):
            raise AssertionError("it takes too much time for its bytes and pixels")

    def _decode(self, data: bytes) -> bool:
        """Whether the picture is decoded or refused in time."""
        pixels, start = None, time.process_time()
        with suppress(BadImage):
            pixels = self._classifier.decode(data)
        taken = time.process_time() - start
        if pixels is not None:
            with suppress(BadImage):
                self._classifier.scores(pixels)
        area = 0 if pixels is None else pixels.shape[0] * pixels.shape[1]
        return taken <= SECONDS + SECONDS_A_BYTE * len(data) + SECONDS_A_PIXEL * area


def mutated(data: bytes, longest: int, seed: int) -> bytes:
    """The input with one of its parts changed, where it is of a kind that has parts, or with any bytes changed."""
    random, part, rest = Random(seed), data[:1], data[1:]
    if part >= FIRST_REQUEST:
        return part + requests.mutate(rest, longest - 1, seed, _changed_anyhow)
    for mutator in MUTATORS:
        if mutator.applies_to(rest) and random.random() < 0.7:
            return bytes(part + mutator.mutate(rest, random))[:longest]
    return _changed_anyhow(data, longest)


def _changed_anyhow(data: bytes, longest: int) -> bytes:
    return bytes(atheris.Mutate(data, longest))


def seeds(folder: Path) -> Path:
    """A corpus of real pictures and requests in a folder."""
    for source in (path for seed in SEEDS if seed.is_dir() for path in seed.iterdir()):
        if source.stat().st_size < LONGEST:
            (folder / source.name).write_bytes(b"\0" + source.read_bytes())
    first = 128 + -128 % len(requests.REQUESTS)
    for place, (_, _, body) in enumerate(requests.REQUESTS):
        (folder / f"request{place}").write_bytes(bytes([first + place]) + body)
    return folder


def main() -> None:
    """Fuzz for some time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--seconds", type=int, required=True)
    options = parser.parse_args()
    logging.disable(logging.ERROR)  # a line for every request
    FOUND.mkdir(parents=True, exist_ok=True)
    corpus = seeds(Path(tempfile.mkdtemp()))
    limits = [f"-max_total_time={options.seconds}", f"-timeout={TIMEOUT}", f"-rss_limit_mb={MEMORY}"]
    flags = [f"-max_len={LONGEST}", f"-artifact_prefix={FOUND}/", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *limits, *flags, str(corpus)], Target(options.model), custom_mutator=mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
