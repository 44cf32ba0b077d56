"""The scores of pictures, computed on all processors; pictures are answered in their order."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from evaluation.errors import EvaluationError
from evaluation.reading import Unreadable, read
from predictor import BadImage, Classifier

PICTURES_A_WORKER = 16
"""A process takes longer to start than so many pictures."""
AHEAD = 8  # pictures that are handed to a worker before their answers are taken


@dataclass(frozen=True)
class Score:
    """One picture's answer: the best class, its score, the score of the class that it should be, and its content.

    digest: 8 bytes that are the same for files of the same bytes. reason: why there is no answer, else empty.
    """

    best: int = -1
    score: float = 0.0
    known: float = 0.0
    digest: bytes = b""
    reason: str = ""


Asked = tuple[str, int]
"""Where a picture is, and the class that it should be."""


def score_all(model: Path, asked: Sequence[Asked]) -> Iterator[Score]:
    """The score of every picture in turn; few are held at a time, however many there are."""
    workers = min(processors(), -(-len(asked) // PICTURES_A_WORKER))
    if workers <= 1:
        yield from (_score(str(model), *one) for one in asked)
        return
    # Not a fork: onnxruntime has threads, which a fork does not take along.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context) as pool:
        yield from _in_turn(pool, model, asked, workers * AHEAD)


def _in_turn(pool: ProcessPoolExecutor, model: Path, asked: Sequence[Asked], ahead: int) -> Iterator[Score]:
    waiting: deque[Future[Score]] = deque()
    try:
        for one in asked:
            if len(waiting) == ahead:
                yield waiting.popleft().result()
            waiting.append(pool.submit(_score, str(model), *one))
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise EvaluationError("A process was ended from outside; memory may have run out. Try again.") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=1)
def classifier(model: str) -> Classifier:
    """The model, loaded once in a process."""
    return Classifier.load(model)


def _score(model: str, address: str, known: int) -> Score:
    loaded = classifier(model)
    try:
        data = read(address, loaded.limits)
        scores = loaded.scores(loaded.decode(data))
    except (BadImage, Unreadable) as error:
        return Score(reason=error.reason)
    except MemoryError:
        return Score(reason="There is not enough memory for this picture.")
    best = int(scores.argmax())
    return Score(best, float(scores[best]), float(scores[known]), blake2b(data, digest_size=8).digest())
