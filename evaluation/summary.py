"""An evaluation, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from evaluation.measured import MOST_NAMED, Evaluation
from evaluation.threshold import Answered

MOST_LABELS, MOST_CONFUSED, MOST_SHOWN = 20, 10, 10


def lines(measured: Evaluation, use: str, answered: Answered | None) -> Iterator[str]:
    """The lines of the summary; names of files are shown with control characters escaped."""
    low, high = measured.interval
    yield f"Model       {measured.info.name}, version {measured.info.version}"
    yield f"Pictures    {measured.pictures:,}" + ("" if use == "all" else f", those for {use}")
    yield f"Accuracy    {measured.accuracy:.1%} (95 % interval {low:.1%} to {high:.1%}, Wilson)"
    calibration = measured.calibration()
    if calibration:
        yield f"Calibration {calibration.error:.3f} expected error, 0 is best"
    yield from notes(measured)
    yield from _labels(measured)
    confused = measured.confused()
    if confused:
        yield "\nConfused most"
        for known, best, number in confused[:MOST_CONFUSED]:
            yield f"  {number:6,}  {printable(known)} answered with {printable(best)}"
        yield "\nMost certainly wrong; look first whether the label is right"
        for one in measured.most_certainly_wrong[:MOST_SHOWN]:
            yield f"  {one.score:.4f}  {printable(f'{one.address}: {one.known}, answered {one.answered}')}"
    if answered:
        yield f"\n{decided(answered)}"


def notes(measured: Evaluation) -> Iterator[str]:
    """The pictures that were left out of all figures, and why."""
    if measured.failed:
        yield f"Unreadable  {measured.failed:,} pictures could not be classified, and count for nothing:"
        yield from (f"  {printable(address)}: {reason}" for address, reason in measured.unreadable)
        if measured.failed > len(measured.unreadable):
            yield f"  and {measured.failed - len(measured.unreadable):,} more"
    if measured.unknown:
        yield f"Left out    {measured.unknown.total():,} pictures with labels that the model does not know:"
        for label, number in measured.unknown.most_common(MOST_NAMED):
            yield f"  {printable(label)} ({number:,})"
        if len(measured.unknown) > MOST_NAMED:
            yield f"  and {len(measured.unknown) - MOST_NAMED:,} labels more"
    if measured.unlabelled:
        yield f"Left out    {measured.unlabelled:,} pictures without a label"


def decided(answered: Answered) -> str:
    """The promise of the score for sure answers."""
    share = answered.answered / answered.pictures
    return (
        f"From the score {answered.score:.4g} on, {answered.answered:,} of {answered.pictures:,} held-out pictures "
        f"({share:.1%}) are answered,\n{answered.wrong:,} of them wrong: at most {answered.bound:.2%} are, "
        "with 95 % confidence, of pictures like these."
    )


def _labels(measured: Evaluation) -> Iterator[str]:
    labels = sorted(measured.labels(), key=lambda one: (one.recall is None, one.recall or 0.0, one.label))
    labels = [label for label in labels if label.pictures or label.answered]
    yield "\nPrecision  Recall  Pictures  Label"
    for label in labels[:MOST_LABELS]:
        yield f"{share(label.precision):>9}  {share(label.recall):>6}  {label.pictures:8,}  {printable(label.label)}"
    if len(labels) > MOST_LABELS:
        yield f"and {len(labels) - MOST_LABELS:,} labels more, whose recall is higher; --json has all"


def share(value: float | None) -> str:
    """A share in percent, or a dash where nothing was measured."""
    return "–" if value is None else f"{value:.1%}"


def printable(text: str) -> str:
    """Text that neither moves a terminal's cursor nor breaks its line or its encoding."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
