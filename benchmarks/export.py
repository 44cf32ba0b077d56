"""Time and memory of `python -m export`, verification included, beside tf2onnx alone on the same network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rounds import OURS, Comparison

NETWORKS = ("mobilenet", "vision-transformer")
PICTURES = 3
ROUNDS = 1  # of some minutes
ALONE = "tf2onnx alone"
ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "examples" / "digits" / "samples"
OPSET = "18"  # as export/network/operations.py has it


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds from start to end, and its largest resident memory in MB."""

    seconds: float
    megabytes: float


def measured(*arguments: str) -> Cost:
    """Run Python with `arguments`; RuntimeError, with what it printed, when it fails."""
    with tempfile.TemporaryFile() as printed:
        start = time.perf_counter()
        process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=printed, stderr=printed)
        _, status, usage = os.wait4(process.pid, 0)  # getrusage(RUSAGE_CHILDREN) would give the largest of all so far
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            printed.seek(0)
            raise RuntimeError(f"{' '.join(arguments)} failed:\n{printed.read().decode()}")
    return Cost(seconds, usage.ru_maxrss / 1024)


def compare(network: str, folder: Path) -> tuple[Cost, Cost]:
    """tf2onnx on the network that takes pixels, and our export of the same network that takes image files."""
    measured("-m", "benchmarks.networks", network, str(folder))
    for picture in sorted(SAMPLES.iterdir())[:PICTURES]:
        (folder / "pictures").mkdir(exist_ok=True)
        shutil.copy(picture, folder / "pictures")
    pixels, files, target = str(folder / "pixels"), str(folder / "files"), str(folder / "model.onnx")
    alone = measured("-m", "tf2onnx.convert", "--saved-model", pixels, "--opset", OPSET, "--output", target)
    ours = measured("-m", "export", files, "-o", target, "--images", str(folder / "pictures"))
    return alone, ours


def measure(rounds: int | None = None) -> Iterator[Comparison]:
    """All networks; the ratios are ours to tf2onnx's."""
    for network in NETWORKS:
        costs = [_compare_in_folder(network) for _ in range(rounds or ROUNDS)]
        seconds = {OURS: tuple(ours.seconds for _, ours in costs), ALONE: tuple(alone.seconds for alone, _ in costs)}
        memory = {OURS: tuple(ours.megabytes for _, ours in costs), ALONE: tuple(alone.megabytes for alone, _ in costs)}
        case = f"{network}, verified on {PICTURES} pictures"
        yield Comparison("Export", f"{case}: time", "s", seconds)
        yield Comparison("Export", f"{case}: peak memory", "MB", memory)


def _compare_in_folder(network: str) -> tuple[Cost, Cost]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        return compare(network, Path(folder))
