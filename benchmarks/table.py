"""Comparisons as tables, and the machine they were measured on."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from benchmarks.rounds import Comparison, Spread

_PACKAGES = ("onnxruntime", "numpy", "pillow", "simplejpeg", "functions-framework", "gunicorn", "tensorflow")


def rows(comparisons: Iterable[Comparison]) -> Iterator[str]:
    """Markdown, a table a benchmark: medians with minimum and maximum, and our share of each."""
    heading = ""
    for comparison in comparisons:
        if comparison.benchmark != heading:
            heading = comparison.benchmark
            yield f"\n### {heading}\n"
            yield "| case | contestant | median (min – max) | ours ÷ this (min – max) |"
            yield "|---|---|---|---|"
        for name in comparison.values:
            ratios = comparison.ratios(name)
            measured = _shown(comparison.spread(name), comparison.unit)
            yield f"| {comparison.case} | {name} | {measured} | {_shown(ratios) if ratios else ''} |"


def machine() -> dict[str, str]:
    """What the figures depend on: processor, memory, system, versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "processor": f"{len(os.sched_getaffinity(0))} x {_processor()}",
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "python": platform.python_version(),
        "packages": ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
    }


def _processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.processor() or "unknown"


def _shown(spread: Spread, unit: str = "") -> str:
    median, least, most = (_figures(value) for value in (spread.median, spread.least, spread.most))
    text = f"{median} {unit}".rstrip()
    return text if least == most else f"{text} ({least} – {most})"


def _figures(value: float) -> str:
    """Three figures that count, without an exponent."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
