"""The proof as a page to look at: one HTML file that asks no other address for anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from export.formats.writer import Row
from export.network import model_file
from export.opening import Subject
from export.report import summary
from export.report.scatter import Scatter
from export.verify.approximation import Approximation
from export.verify.parity import Comparison, LeftOut, Verification
from export.verify.pictures import Picture
from pages import template, thumbnail
from pages.thumbnail import Thumbnail
from predictor import Limits
from predictor.image import decode

SHOWN_PICTURES = 40
SHOWN_LEFT_OUT = 40
SHOWN_SCORES = 3

Inputs = Callable[[Picture], tuple[npt.NDArray[Any], npt.NDArray[Any]]]
"""The input of the first layer for a picture, in the reference model and in the exported file."""


Best = tuple[str, float] | None
"""A label and its score; None where there are no more."""


@dataclass(frozen=True)
class Exhibit:
    """The parts of the page that depend on the kind of file.

    file: what it is called. sights: whose two inputs of a picture are shown. rows, notes: what is said besides.
    compares_inputs: whether the proof compared what the first layers see.
    """

    file: str = "model.onnx"
    sights: tuple[str, str] = ("Original", "model.onnx")
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    compares_inputs: bool = True


@dataclass(frozen=True)
class Range:
    """The ends of a range of values."""

    low: float
    high: float


@dataclass(frozen=True)
class NetworkView:
    """The input of a first layer for a picture, and its range; thumbnail is None where that is no picture."""

    whose: str
    thumbnail: Thumbnail | None
    range: Range


@dataclass(frozen=True)
class ComparedPicture:
    """One picture as it is shown; best: the best labels of both, side by side."""

    name: str
    picture: Thumbnail
    size: str
    sights: tuple[NetworkView, ...]
    input_difference: float
    best: tuple[tuple[Best, Best], ...]
    difference: float
    agrees: bool
    is_within: bool


def write(
    path: Path,
    subject: Subject,
    verification: Verification,
    approximation: Approximation | None,
    tolerance: float,
    inputs: Inputs,
    exhibit: Exhibit = Exhibit(),  # frozen
) -> None:
    """Write the page about a verification, and what was made of the file then, whether they succeeded or not."""
    shown = verification.worst_first(tolerance)[:SHOWN_PICTURES]
    reference_model, exported = _all_scores(verification)
    seen = _range(values for comparison in shown for values in inputs(comparison.picture))
    scatters = [
        Scatter.of_scores(reference_model, exported),
        Scatter.of_differences(reference_model, exported, tolerance),
    ]
    page = template.in_folder(Path(__file__).parent, "page.html").render(
        name=subject.pipeline.name,
        failure=verification.failure(tolerance) or (approximation.failure if approximation else ""),
        tolerance=tolerance,
        spread=verification.spread,
        file=exhibit.file,
        proof=[*summary.proof(verification.parity, sees=exhibit.compares_inputs), *exhibit.rows],
        nearness=summary.nearness(approximation),
        found=summary.found(subject),
        tables=subject.pipeline.findings.tables,
        assumed=subject.pipeline.assumed,
        advice=" ".join(summary.ADVICE),
        notes=[*summary.notes(subject, verification), *exhibit.notes],
        scatters=scatters if reference_model.size else [],
        cards=[_card(comparison, subject, tolerance, inputs, seen, exhibit.sights) for comparison in shown],
        seen=seen,
        compared=len(verification.comparisons),
        left_out=_left_out(verification, exhibit.file),
    )
    with model_file.replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _all_scores(verification: Verification) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """All scores that both say, float64 [scores] of each."""
    reference_model = np.concatenate([c.reference_model for c in verification.comparisons]).astype(np.float64)
    exported = np.concatenate([c.exported for c in verification.comparisons]).astype(np.float64)
    said = np.isfinite(reference_model) & np.isfinite(exported)
    return reference_model[said], exported[said]


def _range(values: Iterable[npt.NDArray[Any]]) -> Range:
    """The smallest and the largest of many values."""
    ends = [(float(np.nanmin(array)), float(np.nanmax(array))) for array in values]
    return Range(min(low for low, _ in ends), max(high for _, high in ends))


def _card(
    comparison: Comparison, subject: Subject, tolerance: float, inputs: Inputs, seen: Range, whose: tuple[str, str]
) -> ComparedPicture:
    data = comparison.picture.read()
    pixels = decode(data, subject.pipeline.decoding, Limits(max_bytes=len(data)))
    reference_model, exported = inputs(comparison.picture)
    names = subject.labels.names
    return ComparedPicture(
        name=comparison.picture.name,
        picture=thumbnail.of_pixels(pixels),
        size=f"{pixels.shape[1]} × {pixels.shape[0]}",
        sights=_sights(reference_model, exported, seen, whose, is_one=comparison.identical_input),
        input_difference=_difference(reference_model, exported),
        best=tuple(zip_longest(_best(comparison.reference_model, names), _best(comparison.exported, names))),
        difference=comparison.difference,
        agrees=comparison.agrees(tolerance),
        is_within=comparison.is_equal(tolerance),
    )


def _sights(
    reference_model: npt.NDArray[Any], exported: npt.NDArray[Any], seen: Range, whose: tuple[str, str], *, is_one: bool
) -> tuple[NetworkView, ...]:
    """The inputs of both; only one where they are the same."""
    shown = [("Both networks", reference_model)] if is_one else list(zip(whose, (reference_model, exported)))
    return tuple(
        NetworkView(name, thumbnail.of_tensor(values, seen.low, seen.high), _range([values])) for name, values in shown
    )


def _difference(reference_model: npt.NDArray[Any], exported: npt.NDArray[Any]) -> float:
    """The largest difference of a value; infinite where the shapes differ."""
    if reference_model.shape != exported.shape:
        return float("inf")
    return float(np.abs(reference_model.astype(np.float64) - exported.astype(np.float64)).max(initial=0))


def _best(scores: npt.NDArray[np.float32], names: tuple[str, ...]) -> tuple[Best, ...]:
    """The labels with the highest scores, which NaN never is."""
    order = np.argsort(-scores, kind="stable")[:SHOWN_SCORES]
    return tuple((names[i], float(scores[i])) for i in order if not np.isnan(scores[i]))


def _left_out(verification: Verification, file: str) -> list[tuple[str, tuple[LeftOut, ...], int]]:
    """The pictures that neither or only one can read: a heading, the first of them, and how many more there are."""
    groups = (
        ("The original cannot read them", verification.unreadable),
        (f"The original reads them, {file} refuses them", verification.refused),
    )
    return [
        (heading, pictures[:SHOWN_LEFT_OUT], max(len(pictures) - SHOWN_LEFT_OUT, 0))
        for heading, pictures in groups
        if pictures
    ]
