"""The scale and the order of the channels for which pictures like the training's look as the training's did.

What they looked like the first batch normalisation remembers; `export.batchnorm` reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from export.errors import ExportError, MissingPreprocessing
from export.findings import Findings, Table
from export.preprocessing.candidates import Preparation, scales_and_orders
from export.preprocessing.pixel_model import PixelModel, Recovered
from export.preprocessing.preprocessing import Preprocessing
from export.preprocessing.scale import Order
from export.progress import Report
from export.verify import pictures
from export.verify.pictures import UNREADABLE, Picture

# Measured on networks of known scales that tests/export/test_samples.py trains, and on others like them.
CLEARLY_BETTER = 2.0
"""How many times larger the second best scale's divergence is at least, so that the best is taken.

It is 13 times and more with pictures like the training's, and 1.4 to 1500 times with six photographs of other things;
a network hardly trained, whose statistics had not settled, gave a wrong scale up to 1.4 times.
"""
CLEARLY_OTHER_ORDER = 1.5
"""The same for BGR against RGB, which is 4 times and more, or 1.5 to 14; without that much the order is RGB."""
LARGEST_DIVERGENCE = 0.3
"""Over this the pictures look like nothing that the network was trained on, however they are scaled.

The right scale has at most 0.11 with pictures like the training's and 0.27 with other photographs; noise that was taken
for a wrong scale had 0.35 and more.
"""
MOST_SAMPLES = 200

Candidate = tuple[str, Order]
"""The name of a scale, and an order."""
Divergences = Mapping[Candidate, float]


def decide(
    model: PixelModel, preprocessing: Preprocessing, folder: Path, wanted: Order | None, report: Report
) -> Recovered:
    """The scale, and unless it is `wanted` the order, that the pictures in a folder show.

    Raises MissingPreprocessing, with the table of divergences, when they do not show it clearly.
    """
    recipes = scales_and_orders(preprocessing, wanted)
    samples = pictures.from_folder(folder)[:MOST_SAMPLES]
    divergences = model.divergences(_batches(Preparation(recipes), samples, report))
    if not divergences:
        raise MissingPreprocessing(
            "The model remembers nothing of its training's pixels: no batch normalisation with statistics is left in "
            "its graph. Say the scale with --scale, or give pictures of known classes with --labelled."
        )
    findings = Findings(tables=(_table(divergences, len(samples)),))
    scale, about_scale = _scale(divergences, findings)
    order, about_order = _order(scale, divergences)
    shown = ("order",) if about_order else ()
    return Recovered(recipes[scale, order], findings.and_(Findings((about_scale, *about_order))), shown)


def _batches(prepare: Preparation, samples: list[Picture], report: Report) -> Iterator[dict[Any, npt.NDArray[Any]]]:
    read = 0
    for done, picture in enumerate(samples):
        report("Looking at samples", done, len(samples))
        try:
            yield prepare(picture.read())
            read += 1
        except UNREADABLE:
            continue
    report("Looking at samples", len(samples), len(samples))
    if not read:
        raise ExportError("None of the samples can be read.")


def _scale(divergences: Divergences, findings: Findings) -> tuple[str, str]:
    """The best scale and why; MissingPreprocessing with the findings unless it is clear."""
    best, *others = _ranked(divergences)
    second = next(other for other in others if other[0] != best[0])
    ahead = divergences[second] / divergences[best]
    if ahead < CLEARLY_BETTER or divergences[best] > LARGEST_DIVERGENCE:
        raise MissingPreprocessing(
            f"The samples do not decide how pixels were scaled: {best[0]} has the divergence {divergences[best]:.3g}, "
            f"{second[0]} {divergences[second]:.3g}. Give samples more like the training's, or say --scale.",
            findings,
        )
    return (
        best[0],
        f"scale {best[0]}: {ahead:.1f} times less divergence than {second[0]} at the first batch normalisation",
    )


def _order(scale: str, divergences: Divergences) -> tuple[Order, tuple[str, ...]]:
    """The order of the channels, and what shows it; where nothing does it is RGB."""
    orders = [order for name, order in divergences if name == scale]
    if len(orders) == 1:
        return orders[0], ()
    ahead = divergences[scale, "rgb"] / divergences[scale, "bgr"]
    if ahead >= CLEARLY_OTHER_ORDER:
        return "bgr", (f"channels bgr: {ahead:.1f} times less divergence than rgb",)
    if ahead <= 1 / CLEARLY_OTHER_ORDER:
        return "rgb", (f"channels rgb: {1 / ahead:.1f} times less divergence than bgr",)
    return "rgb", ()


def _ranked(divergences: Divergences) -> list[Candidate]:
    return sorted(divergences, key=lambda candidate: divergences[candidate])


def _table(divergences: Divergences, count: int) -> Table:
    rows = tuple((*candidate, f"{divergences[candidate]:.3g}") for candidate in _ranked(divergences))
    return Table(
        f"Divergence at the first batch normalisation, {count} samples", ("scale", "channels", "divergence"), rows
    )
