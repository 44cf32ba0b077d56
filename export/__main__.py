"""`python -m export SAVED_MODEL -o model.onnx`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from export import noise
from export.errors import ExportError
from export.options import DEFAULT_TOLERANCE, RESIZES, SCALES, Options
from predictor.metadata import Drawing

if TYPE_CHECKING:
    from export.exporter import Export

SHOWN_LABELS = 12


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("saved_model")
@click.option("-o", "target", type=click.Path(path_type=Path), required=True, help="The file to write.")
@click.option("--labels", type=click.Path(path_type=Path), help="A file with the labels in score order: lines or JSON.")
@click.option("--signature", help="The signature to export, where the model has several.")
@click.option("--output", help="The output that holds the scores, where several can.")
@click.option("--name", help="The model's name in answers (default: the folder's name).")
@click.option("--resize", type=click.Choice(RESIZES), default=RESIZES[0], show_default=True,
              help="How pictures were resized in training; only for a model that takes pixels.")  # fmt: skip
@click.option("--size", type=(click.IntRange(min=1), click.IntRange(min=1)), metavar="HEIGHT WIDTH",
              help="The pictures' size in training; only for a model that takes pixels of any size.")  # fmt: skip
@click.option("--scale", type=click.Choice(list(SCALES)),
              help="The range of pixel values in training; needed for a model that takes pixels.")  # fmt: skip
@click.option("--images", type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="A folder of pictures to verify on (default: pictures made for it).")  # fmt: skip
@click.option("--tolerance", type=click.FloatRange(min=0), default=DEFAULT_TOLERANCE, show_default=True,
              help="The largest difference of a score that still counts as equal.")  # fmt: skip
@click.option("--drawing", type=click.Choice(get_args(Drawing)),
              help="The model's pictures are drawings: the page in the browser offers a canvas.")  # fmt: skip
@click.option("--debug", is_flag=True, help="Show where an error comes from.")
def main(
    saved_model: str,
    target: Path,
    labels: Path | None,
    signature: str | None,
    output: str | None,
    name: str | None,
    resize: str,
    size: tuple[int, int] | None,
    scale: str | None,
    images: Path | None,
    tolerance: float,
    drawing: Drawing | None,
    debug: bool,
) -> None:
    """Turn SAVED_MODEL into one model.onnx with preprocessing and labels inside.

    It may be a folder with a saved_model.pb, a folder above, a .zip or .tar.gz of it, or a gs:// address of these.

    The file is written only if it answers as the original does, on every picture that it is verified on.
    """
    options = Options(
        signature=signature,
        output=output,
        name=name,
        labels=labels,
        resize=resize,
        size=size,
        scale=scale,
        images=images,
        tolerance=tolerance,
        drawing=drawing,
    )
    try:
        with nullcontext(sys.stderr) if debug else noise.kept_away() as terminal:
            export = _export(Console(file=terminal, highlight=False), saved_model, target, options)
    except Exception as error:
        if debug:
            raise
        hint = "" if isinstance(error, ExportError) else f" ({type(error).__name__}; --debug shows where)"
        click.secho(f"Not exported. {error}{hint}", fg="red", bold=True, err=True)
        sys.exit(1)
    _print_summary(export)


def _export(console: Console, source: str, target: Path, options: Options) -> Export:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("Loading TensorFlow", total=None)

        def report(step: str, done: int, total: int | None) -> None:
            nonlocal task
            if progress.tasks[task].description != step:
                progress.update(task, total=1, completed=1)
                task = progress.add_task(step, total=total)
            progress.update(task, completed=done, total=total)

        from export.exporter import export_model  # takes seconds: it imports TensorFlow

        return export_model(source, target, options, report)


def _print_summary(export: Export) -> None:
    info, parity = export.info, export.verification.parity
    for heading, lines in (
        ("Model", [f"{info.name}, version {info.version}"]),
        ("Signature", [f"{info.source.signature}: {info.source.input} to {info.source.output}"]),
        ("Preprocessing", info.preprocessing),
        ("Scores", [f"{len(info.labels)} classes, activation {info.activation}"]),
        ("Labels", [_shortened(info.labels), *([f"from {export.labels_source}"] if export.labels_source else [])]),
        ("Verified on", [f"{parity.pictures} pictures"]),
        ("Network input", [f"{parity.identical_inputs:.0%} bit-identical"]),
        ("Scores differ by", [f"at most {parity.max_score_difference:.2g}"]),
        ("Top label", [f"{parity.top1_agreement:.0%} the same"]),
        ("Written", [f"{export.path} ({export.size:,} bytes)"]),
    ):
        for number, line in enumerate(lines):
            click.echo(click.style(f"{'' if number else heading:18}", bold=True) + line)
    for warning in _warnings(export):
        click.secho(f"Note: {warning}", fg="yellow")


def _warnings(export: Export) -> Iterator[str]:
    verification = export.verification
    yield from export.labels_notes
    if not export.labels_source:
        yield "the model names no labels: its classes are called class_0, class_1, … Give names with --labels."
    if verification.says_little:
        yield "the scores hardly vary between the pictures, which proves little; give --images of your own."
    if verification.unreadable:
        yield f"left out, the original cannot read them: {', '.join(verification.unreadable)}."
    for picture in verification.refused:
        yield f"the original reads it, the exported model will refuse it: {picture}"


def _shortened(labels: tuple[str, ...]) -> str:
    more = len(labels) - SHOWN_LABELS
    return ", ".join(labels[:SHOWN_LABELS]) + (f" and {more} more" if more > 0 else "")


if __name__ == "__main__":
    main()
