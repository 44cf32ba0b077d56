"""Looks for inputs that do harm: mutated pictures for the decoder, mutated requests for the HTTP function.

Run as `make fuzz MINUTES=10`. It ends with an error at the first input that is neither classified nor refused, that
takes longer than TIMEOUT or more than MEMORY, for a request also more of the processor than its bytes are worth, and
leaves the input in build/fuzz. What mutations know of requests is in tests/fuzzing.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-not-found]

from tests.fuzzing import requests

ROOT = Path(__file__).parent.parent
SEEDS = (ROOT / "examples" / "digits" / "samples", ROOT.parent / "shared" / "images" / "odd")
FOUND = ROOT / "build" / "fuzz"
LONGEST = 1 << 17  # bytes of an input
TIMEOUT = 30  # seconds for one input
MEMORY = 2048  # MB of the process
MAX_PIXELS = 4_000_000  # so that a large picture does not take the time of many small ones

with atheris.instrument_imports(include=["predictor", "service"]):
    from functions_framework import create_app

    import service.http  # noqa: F401 - which the function imports once more
    from predictor import BadImage, Classifier, Limits


class Target:
    """What an input is tried on; its first byte says which part."""

    def __init__(self, model: Path) -> None:
        os.environ |= {"MODEL": str(model), "MAX_PIXELS": str(MAX_PIXELS)}
        self._classifier = Classifier.load(model, Limits(max_pixels=MAX_PIXELS))
        self._client = create_app("classify", str(ROOT / "main.py")).test_client()

    def __call__(self, data: bytes) -> None:
        """Raises what is a defect."""
        part, data = data[:1], data[1:]
        if part < b"\x80":
            self._decode(data)
        else:
            requests.ask(self._client, ord(part) % len(requests.REQUESTS), data)

    def _decode(self, data: bytes) -> None:
        try:
            pixels = self._classifier.decode(data)
        except BadImage:
            return
        self._classifier.scores(pixels)


def mutate(data: bytes, most: int, seed: int) -> bytes:
    """Another input for the same part."""
    if data[:1] < b"\x80":
        return bytes(atheris.Mutate(data, most))
    return data[:1] + requests.mutate(data[1:], most - 1, seed, lambda body, size: bytes(atheris.Mutate(body, size)))


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
    atheris.Setup([sys.argv[0], *limits, *flags, str(corpus)], Target(options.model), custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
