"""`python -m export MODEL -o model.onnx`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, get_args

import click
from rich.console import Console

from export import progress
from export.errors import ExportError, MissingPreprocessing, first_line
from export.formats.registry import writer_of
from export.options import DEFAULT_TOLERANCE, PRESETS, RESIZES, Activation, Options, Rounding
from export.preprocessing.scale import SCALES, Order
from export.report import summary
from export.source.source import open_source
from export.verify import noise
from predictor import __version__
from predictor.metadata import Decoder, Drawing, Fit, JpegTransform, Orientation

_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
_FILE = click.Path(path_type=Path, dir_okay=False)
_ANY = click.Path(path_type=Path, exists=True)
_LEVELS = (float, float, float)
_SIDE = click.IntRange(min=1)

_PIXEL_OPTIONS = (
    click.option("--preset", type=click.Choice(list(PRESETS)), help="A common pipeline; explicit options override it."),
    click.option("--scale", type=click.Choice(list(SCALES)), help="The range of pixel values in training."),
    click.option("--mean", type=_LEVELS, metavar="R G B", help="Subtracted from pixels 0 to 255, with --std."),
    click.option("--std", type=_LEVELS, metavar="R G B", help="What they are then divided by."),
    click.option("--channels", type=click.Choice(get_args(Order)), help="The order of the channels."),
    click.option("--resize", type=click.Choice(RESIZES), help="How pictures were resized (default: tf-bilinear)."),
    click.option("--fit", type=click.Choice(get_args(Fit)), help="What became of other shapes (default: stretch)."),
    click.option("--shorter-side", type=_SIDE, metavar="PIXELS", help="How long --fit shorter-side makes that side."),
    click.option("--decoder", type=click.Choice(get_args(Decoder)), help="Who decoded (default: who resized)."),
    click.option("--jpeg-transform", type=click.Choice(get_args(JpegTransform)), help="TensorFlow's dct_method."),
    click.option("--orientation", type=click.Choice(get_args(Orientation)), help="EXIF's (default: ignore)."),
    click.option("--size", type=(_SIDE, _SIDE), metavar="HEIGHT WIDTH", help="Where the model takes any size."),
    click.option("--samples", type=_FOLDER, help="Pictures like those the model will see, to find and judge by."),
    click.option("--labelled", type=_FOLDER, help="One folder of pictures a class, to find the scale by."),
)
"""How pictures became pixels in training; only for a model that takes pixels."""

_OF_FILES = {
    "report": "shows what -o FILE was proven by",
    "quantize": "rounds what -o FILE writes",
    "reduced_jpeg": "changes what -o FILE writes",
}
"""Options that mean something only where a file is written, and what they mean."""


def _pixel_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_PIXEL_OPTIONS):
        command = option(command)
    return command


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
@click.argument("model")
@click.argument("pictures", nargs=-1, type=click.Path(path_type=Path))
@click.option("-o", "target", type=_FILE, help="The file to write: .onnx for the functions, .tflite for phones.")
@click.option("--inspect", is_flag=True, help="Print what is found in the model, and write nothing.")
@click.option("--predict", is_flag=True, help="Let the original itself answer for PICTURES, and write nothing.")
@click.option("--labels", type=_FILE, help="A file with the labels in score order: lines, a table or JSON.")
@click.option("--signature", help="The signature to export, where the model has several.")
@click.option("--output", help="The output that holds the scores, where several can.")
@click.option("--activation", type=click.Choice(get_args(Activation)), help="What is put behind the scores.")
@click.option("--name", help="The model's name in answers (default: the folder's or file's name).")
@_pixel_options
@click.option("--images", type=_FOLDER, help="A folder of pictures to verify on (default: pictures made for it).")
@click.option("--expected", type=_ANY, metavar="ANSWERS", help="Answers that you saw for --images, to be reproduced.")
@click.option("--report", type=_FILE, help="A page to write that shows the proof (HTML).")
@click.option("--tolerance", type=click.FloatRange(min=0),
              help=f"The largest difference of a score that counts as equal (default: {DEFAULT_TOLERANCE}, or nothing "
              "for whole numbers).")  # fmt: skip
@click.option("--drawing", type=click.Choice(get_args(Drawing)),
              help="The model's pictures are drawings: the page in the browser offers a canvas.")  # fmt: skip
@click.option("--quantize", type=click.Choice(get_args(Rounding)),
              help="Round the network, judged by --samples; float16 for .tflite alone. Not exact.")  # fmt: skip
@click.option("--reduced-jpeg", type=click.FloatRange(min=1), metavar="FACTOR",
              help="Decode less of large JPEGs: FACTOR times what the network sees. Not exact.")  # fmt: skip
@click.option("--debug", is_flag=True, help="Show where an error comes from.")
def main(
    model: str,
    pictures: tuple[Path, ...],
    target: Path | None,
    *,
    inspect: bool,
    predict: bool,
    debug: bool,
    **said: Any,  # all that describes the model; Options.said names each
) -> None:
    """Turn MODEL into one model.onnx with preprocessing and labels inside, or into a model.tflite.

    MODEL is a SavedModel's folder, a .tflite, .keras or .h5 file, an archive of one, or a gs:// address. The file is
    written only if it answers as the original does, on every picture that it is verified on.
    """
    _check_task(target, inspect, predict, pictures, said)
    console = Console(highlight=False, soft_wrap=True)
    with _failures(console, "Not exported. " if target else "", debug):
        options = Options.from_command_line(**said)
        if target:
            writer_of(target).check(options)
        with (
            nullcontext(sys.stderr) if debug else noise.kept_away() as terminal,
            progress.shown_on(terminal, "Looking for the model") as report,
            open_source(model, report) as source,
        ):
            report("Loading TensorFlow", 0, None)
            from export import exporter  # takes seconds, so that what is no model is told before

            if target:
                export = exporter.export_model(source, target, options, report)
            elif inspect:
                subject = exporter.inspect(source, options, report)
            else:
                answers = list(exporter.predict(source, pictures, options, report))
        if target:
            summary.show_export(console, export)
        elif inspect:
            summary.show_subject(console, subject)
        else:
            summary.show_answers(answers)
            sys.exit(int(any(isinstance(answer, str) for _, answer in answers)))


def _check_task(
    target: Path | None, inspect: bool, predict: bool, pictures: tuple[Path, ...], said: dict[str, Any]
) -> None:
    """One thing at a time."""
    if sum((target is not None, inspect, predict)) != 1:
        raise click.UsageError("Say one of -o FILE, --inspect and --predict.")
    if predict != bool(pictures):
        raise click.UsageError("--predict and PICTURES go together.")
    for option, meaning in _OF_FILES.items():
        if said[option] and not target:
            raise click.UsageError(f"--{option.replace('_', '-')} {meaning}.")


@contextmanager
def _failures(console: Console, outcome: str, debug: bool) -> Iterator[None]:
    """Say the `outcome` and why, with what was found out, and exit with 1."""
    try:
        yield
    except Exception as error:
        if debug:
            raise
        if isinstance(error, MissingPreprocessing):
            summary.show_findings(console, error.findings)
        why = error if isinstance(error, ExportError) else _unforeseen(error)
        click.secho(f"{outcome}{why}", fg="red", bold=True, err=True)
        sys.exit(1)


def _unforeseen(error: Exception) -> str:
    return f"{first_line(error)} ({type(error).__name__}; --debug shows where)"


if __name__ == "__main__":
    main()
