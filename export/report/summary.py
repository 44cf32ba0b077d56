"""The summary of an export: the findings in a model, the proof, the answers of the reference model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table as RichTable

from export.findings import Findings

if TYPE_CHECKING:
    from export.exporter import Answer, Export
    from export.opening import Subject
    from export.verify.approximation import Approximation
    from export.verify.parity import Verification
    from predictor import Parity, Prediction

SHOWN_NAMES = 12
SHOWN_PREDICTIONS = 3
ADVICE = (
    "Nobody said so, and nothing showed it; if training did otherwise, labels will be wrong.",
    "Say it with --resize, --fit, --orientation, --channels or --preset, or give answers with --expected.",
)

Row = tuple[str, Sequence[str]]
"""A heading and its lines."""


def show_export(console: Console, export: Export) -> None:
    """A finished file: what was found, and the proof."""
    show_tables(console, export.subject.pipeline.findings)
    _print_rows([("Model", [f"{export.info.name}, version {export.info.version}"]), *found(export.subject)])
    _print_rows(
        [
            *proof(export.verification.parity, sees=export.written.is_translated),
            *export.written.rows,
            *(likeness(export) if export.written.is_translated else []),
            *nearness(export.approximation),
            ("Written", [f"{export.path} ({export.size:,} bytes)"]),
        ]
    )
    _print_assumed(export.subject.pipeline.assumed)
    _print_notes([*notes(export.subject, export.verification), *export.written.notes])


def show_subject(console: Console, subject: Subject) -> None:
    """The findings in a model."""
    show_tables(console, subject.pipeline.findings)
    _print_rows([("Model", [subject.pipeline.name]), ("All signatures", subject.pipeline.signatures), *found(subject)])
    _print_assumed(subject.pipeline.assumed)
    _print_notes(_notes_on_model(subject))


def show_answers(answers: Iterable[tuple[Path, Answer]]) -> None:
    """The answers of the reference model, a line a picture."""
    answers = list(answers)
    width = max(len(str(path)) for path, _ in answers)
    for path, answer in answers:
        best = answer if isinstance(answer, str) else _written(answer[:SHOWN_PREDICTIONS])
        click.echo(f"{path!s:{width}}  {best}")


def show_findings(console: Console, findings: Findings) -> None:
    """The findings before a decision failed, and the figures that it failed on."""
    _print_rows([("Found", findings.sentences)])
    show_tables(console, findings)


def show_tables(console: Console, findings: Findings) -> None:
    """The figures that a decision rests on."""
    for table in findings.tables:
        shown = RichTable(title=table.title, title_justify="left")
        for column in table.columns:
            shown.add_column(column)
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)


def found(subject: Subject) -> list[Row]:
    """The findings in a model, line by line."""
    source, names = subject.pipeline.source, subject.labels.names
    where = f"{source.signature}: " if source.signature else ""
    labels = [shortened(names), *([f"from {subject.labels.source}"] if subject.labels.source else [])]
    rows = [
        ("Signature", [f"{where}{source.input} to {source.output}"]),
        ("Preprocessing", list(subject.pipeline.steps)),
        ("Why", list(subject.pipeline.findings.sentences)),
        ("Scores", [f"{len(names)} classes, activation {subject.activation}"]),
        ("Labels", labels),
    ]
    return [(heading, lines) for heading, lines in rows if lines]


def _print_rows(rows: Iterable[Row]) -> None:
    for heading, lines in rows:
        for number, line in enumerate(lines):
            click.echo(click.style(f"{'' if number else heading:18}", bold=True) + line)


def _print_assumed(assumed: Sequence[str]) -> None:
    """A warning that cannot be overlooked, though the file is equal to the original behind what was assumed."""
    if assumed:
        click.secho(f"{'Assumed':18}{', '.join(assumed)}", fg="yellow", bold=True)
        for line in ADVICE:
            click.secho(f"{'':18}{line}", fg="yellow")


def _print_notes(notes: Iterable[str]) -> None:
    for note in notes:
        click.secho(f"Note: {note}", fg="yellow")


def proof(parity: Parity, *, sees: bool = True) -> list[Row]:
    """How equal original and file are; `sees` says whether what their first layers see was compared."""
    return [
        ("Verified on", [f"{parity.pictures} pictures"]),
        *([("Network input", [f"{parity.identical_inputs:.0%} bit-identical"])] if sees else []),
        ("Scores differ by", [f"at most {parity.max_score_difference:.2g}"]),
        ("Top label", [f"{parity.top1_agreement:.0%} the same"]),
    ]


def likeness(export: Export) -> list[Row]:
    """How like original and file are by construction, and how sure the original itself is."""
    spread = export.verification.spread
    lines = [
        export.subject.reference_model.likeness,
        f"allowed is a range of up to {spread:.2g} for a score" if spread else "",
    ]
    return [("Whole numbers", list(filter(None, lines)))] if lines[0] else []


def nearness(approximation: Approximation | None) -> list[Row]:
    """How near to the original the file is that was changed after it was proven equal."""
    if not approximation:
        return []
    parity = approximation.verification.parity
    return [
        ("Then", [approximation.what]),
        ("Judged by", [f"{parity.pictures} samples"]),
        ("Scores differ by", [f"at most {parity.max_score_difference:.2g}"]),
        ("Top label", [f"{approximation.agreeing} of {parity.pictures} the same"]),
    ]


def notes(subject: Subject, verification: Verification) -> list[str]:
    """Sentences about what a person should not overlook."""
    return [*_notes_on_model(subject), *_notes_on_proof(verification)]


def _notes_on_model(subject: Subject) -> Iterator[str]:
    yield from (*subject.notes, *subject.labels.notes)
    if not subject.labels.source:
        yield "the model names no labels: its classes are called class_0, class_1, … Give names with --labels."


def _notes_on_proof(verification: Verification) -> Iterator[str]:
    if verification.says_little:
        yield "the scores hardly vary between the pictures, which proves little; give --images of your own."
    if verification.unreadable:
        names = shortened([picture.name for picture in verification.unreadable])
        yield f"left out, the original cannot read them: {names}."
    for picture in verification.refused:
        yield f"the original reads it, the exported model will refuse it: {picture.name}: {picture.reason}"
    if verification.sizes.impossible:
        yield verification.sizes.in_words()


def shortened(names: Sequence[str]) -> str:
    """The first few of many names, and how many more there are."""
    more = len(names) - SHOWN_NAMES
    return ", ".join(names[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def _written(answer: Sequence[Prediction]) -> str:
    return "  ".join(f"{prediction.score:6.1%} {prediction.label}" for prediction in answer)
