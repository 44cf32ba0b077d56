"""Milliseconds from the bytes of a picture to its labels, in one process that is warm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.contestants.bare import Bare, decode
from benchmarks.contestants.litert import LiteRT
from benchmarks.contestants.pillow_numpy import PillowNumPy
from benchmarks.models import DIGIT_NETWORK, EFFICIENTNET, MOBILENET, Network
from benchmarks.pictures import PICTURES
from benchmarks.rounds import OURS, Comparison, alternate, timed
from predictor import Classifier

ROUNDS = 41
FLOOR = "floor: decode, then bare network"
DECODING = "decoding alone"
BEST = 5

Classify = Callable[[bytes], object]


def measure(rounds: int | None = None) -> Iterator[Comparison]:
    """Every network on every picture."""
    rounds = rounds or ROUNDS
    for network in (MOBILENET, EFFICIENTNET, DIGIT_NETWORK):
        contestants = _contestants(network)
        for name, picture in PICTURES.items():
            data = picture()
            calls = {contestant: timed(partial(classify, data)) for contestant, classify in contestants.items()}
            alternate(calls, 3)
            yield Comparison("Warm, in process", f"{network.name}, {name}", "ms", alternate(calls, rounds))


def _contestants(network: Network) -> dict[str, Classify]:
    """LiteRT and the usual port have no digits: that SavedModel has no form without files."""
    from benchmarks.contestants.signature import Signature  # takes seconds, which the other benchmarks do without

    bare, signature = Bare(str(network.bare)), Signature(str(network.saved_model))
    contestants: dict[str, Classify] = {
        OURS: partial(Classifier.load(network.exported).classify, top_k=BEST),
        FLOOR: bare.decode_and_run,
        DECODING: decode,
        "bare network alone": lambda _: bare.run(),
        "SavedModel in TensorFlow": signature.classify,
    }
    if network is not DIGIT_NETWORK:
        lite = LiteRT(str(network.lite), network.scale, network.offset)
        usual = PillowNumPy(str(network.bare), network.scale, network.offset)
        contestants |= {"LiteRT with Pillow": lite.classify, "onnxruntime with Pillow and NumPy": usual.classify}
    return contestants
