"""`python -m backfill --input 'gs://photos/2024/**' --results gs://results/labels --model model.onnx`."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import click

from backfill import option_values, preconditions
from backfill.compare.output import CompareOutput
from backfill.drift.output import DriftOutput
from backfill.errors import BackfillError, BadOption, sentence
from backfill.job import Job, Output
from backfill.report import estimate, messages
from backfill.report.messages import TimedSummary
from backfill.report.printable import printable
from backfill.report.progress import shown_on
from backfill.report.summary import Summary
from backfill.runners import local
from backfill.setting_option import setting_option
from predictor import Classifier, __version__
from results.outcome import Outcome
from service.workers import processors
from settings import common, upload

_COUNT = click.IntRange(min=1)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
@click.option("--input", "pictures", required=True, metavar="PATTERN",
              help="The pictures: gs://bucket/names or a path, with *, ? and **, or a folder.")  # fmt: skip
@click.option("--results", metavar="PLACE", help="Where labels go: gs://bucket/prefix or a folder.")
@click.option("--model", metavar="FILE", help="Path or gs:// address of a model.onnx.")
@click.option("--compare", metavar="FILE", help="Label nothing: tell what another model changes; or a PLACE.")
@click.option("--csv", type=_FILE, help="With --compare: a table to write of all pictures whose label changes.")
@click.option("--json", "as_json", is_flag=True, help="With --compare or --drift: print JSON.")
@click.option("--max-flips", type=click.FloatRange(0, 100), metavar="PERCENT",
              help="With --compare: exit with 1 if more labels than that change.")  # fmt: skip
@click.option("--drift", is_flag=True, help="Label nothing: tell whether pictures still look as they did.")
@click.option("--since", type=click.DateTime(), metavar="TIME",
              help="With --drift: compare with what was stored before (UTC; default: with the first 300).")  # fmt: skip
@click.option("--samples", metavar="PATTERN", help="With --drift: compare with these pictures.")
@click.option("--output", type=click.Choice(get_args(Output)), default="objects", show_default=True,
              help="A file for each picture, as the upload function writes it, or files of many lines.")  # fmt: skip
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Names to leave out; may be repeated.")
@click.option("--limit", type=_COUNT, help="The most pictures to label; with --drift, of a day.")
@click.option("--relabel", is_flag=True, help="Replace labels that another model gave.")
@click.option("--dry-run", is_flag=True, help="Tell what there is and what it would take; write nothing.")
@click.option("--report", type=_FILE,
              help="A page to write that shows pictures by label (HTML).")  # fmt: skip
@click.option("--workers", type=_COUNT, help="Processes on this machine (default: its processors).")
@setting_option("--timeout", common.TIMEOUT_SECONDS, common.PLATFORM_TIMEOUT.fallback,
                help="Seconds after which a storage operation is given up.")  # fmt: skip
@setting_option("--max-bytes", common.MAX_BYTES, common.MAX_BYTES.fallback, help="The largest image file.")
@setting_option("--max-pixels", common.MAX_PIXELS, common.MAX_PIXELS.fallback,
                help="The largest picture, width times height.")  # fmt: skip
@setting_option("--top-k", upload.TOP_K, None, help="The most labels of a picture to store, the best (default: all).")
@setting_option("--min-score", common.MIN_SCORE, None,
                help="The least score of a label to give and to store; 0.5 to give one of several.")  # fmt: skip
@click.option("--runner", default=local.RUNNER, show_default="this machine", help="Beam's, such as DataflowRunner.")
@click.option("--debug", is_flag=True, help="Show where an error comes from, and what Beam says.")
@click.argument("beam_options", nargs=-1, type=click.UNPROCESSED)
def main(
    beam_options: tuple[str, ...],
    *,
    dry_run: bool,
    report: Path | None,
    workers: int | None,
    runner: str,
    debug: bool,
    compare: str | None,
    csv: Path | None,
    as_json: bool,
    max_flips: float | None,
    drift: bool,
    since: datetime | None,
    samples: str | None,
    **asked: Any,  # all that describes the job; _job names each
) -> None:
    """Label the pictures that are in a bucket or folder already.

    What has its result is left alone, so that a second run does only what is left. BEAM_OPTIONS are Apache Beam's own,
    such as --project, --region and --temp_location.

    The exit code is 0 when all that was found has its labels or a record of why it can have none, 1 when something
    failed, 2 when an option is wrong, 130 when you ended it; with --drift 1 when pictures changed or are too few.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # which may not take the names that are to be told
            stream.reconfigure(errors="backslashreplace")
    with _failures(debug):
        if drift:
            others = compare or csv or max_flips is not None or dry_run or beam_options or runner != local.RUNNER
            return _drift(since, samples, DriftOutput(report, as_json), bool(others), asked)
        if since or samples:
            raise BadOption("--since and --samples", "they go with --drift.")
        if not asked["results"]:
            raise BadOption("--results", "a place is needed: gs://bucket/prefix or a folder.")
        if compare:
            return _compare(
                compare, CompareOutput(report, csv, as_json, max_flips), dry_run, runner, beam_options, asked
            )
        if csv or as_json or max_flips is not None:
            raise BadOption("--csv, --json and --max-flips", "they go with --compare, and --json with --drift.")
        _check_options(dry_run, report, workers, runner, beam_options)
        classifier, job = _job(**asked, thumbnails=report is not None)
        on_this_machine = (workers or processors()) if runner == local.RUNNER else None
        preconditions.check(job)
        if dry_run:
            return _estimate(job, classifier, on_this_machine)
        started = time.monotonic()
        summary = _run(job, runner, on_this_machine, beam_options, debug=debug)
        measured = TimedSummary(summary, time.monotonic() - started)
        messages.show(measured.rows())
        if report:
            from backfill.report import page  # with Pillow and Jinja

            page.write(report, job, measured)
    sys.exit(int(any(summary.outcomes[outcome] for outcome in (Outcome.FAILED, Outcome.RETRIED))))


def _compare(
    compared: str,
    output: CompareOutput,
    dry_run: bool,
    runner: str,
    beam_options: Sequence[str],
    asked: dict[str, Any],
) -> None:
    """Tell what changes, and store nothing."""
    from backfill.compare import command

    if dry_run or beam_options or runner != local.RUNNER:
        raise BadOption("--compare", "it runs here, and goes with neither --dry-run nor Beam's options.")
    command.run(command.Sides.of(compared, **asked), output)


def _drift(
    since: datetime | None, samples: str | None, output: DriftOutput, has_others: bool, asked: dict[str, Any]
) -> None:
    """Tell how pictures look, and store nothing."""
    from backfill.drift import command

    if has_others:
        raise BadOption(
            "--drift", "it runs here, alone: without --compare, its options, --dry-run, and Beam's options."
        )
    sys.exit(0 if command.run(command.Stream.of(since, samples, **asked), output) else 1)


def _check_options(
    dry_run: bool, report: Path | None, workers: int | None, runner: str, beam_options: Sequence[str]
) -> None:
    if dry_run and report:
        raise BadOption("--report", "--dry-run labels nothing, so there is nothing to show.")
    if report and not report.absolute().parent.is_dir():
        raise BadOption("--report", f"{report.absolute().parent}: there is no such folder to write to.")
    if workers and runner != local.RUNNER:
        raise BadOption("--workers", f"it is about this machine; {runner} has options of its own.")
    if beam_options:
        from backfill.runners import beam_options as options  # imports Beam, which takes seconds

        options.check(beam_options, [option for parameter in main.params for option in parameter.opts])


def _job(
    *,
    pictures: str,
    results: str,
    model: str | None,
    output: Output,
    exclude: tuple[str, ...],
    limit: int | None,
    relabel: bool,
    timeout: float,
    max_bytes: int,
    max_pixels: int,
    top_k: int | None,
    min_score: float | None,
    thumbnails: bool,
) -> tuple[Classifier, Job]:
    """The job, and the classifier that it is about."""
    pattern = option_values.pattern(pictures)
    place = option_values.place("--results", results)
    left_out = option_values.excluded(pattern, exclude)
    settings = option_values.settings("--model", model, max_bytes, max_pixels, timeout)
    classifier = option_values.loaded("--model", settings)
    job = Job(
        pattern,
        place,
        settings.model,
        classifier.info,
        settings.limits,
        output=output,
        exclude=left_out,
        limit=limit,
        relabels=relabel,
        timeout=timeout,
        top_k=top_k,
        min_score=min_score,
        thumbnails=thumbnails,
    )
    return classifier, job


def _estimate(job: Job, classifier: Classifier, workers: int | None) -> None:
    with preconditions.reached("--input", job.pictures), shown_on(sys.stderr) as show:
        survey = estimate.look(job, show)
        speed = estimate.measure(job, classifier, survey.first)
    messages.show(messages.estimate(job, survey, speed, workers))


def _run(job: Job, runner: str, workers: int | None, beam_options: Sequence[str], *, debug: bool) -> Summary:
    if workers:
        with shown_on(sys.stderr) as show:
            return local.run(job, workers, beam_options, show, debug=debug)
    from backfill.runners import remote  # imports Beam, which takes seconds

    return remote.run(job, runner, beam_options, debug=debug)


@contextmanager
def _failures(debug: bool) -> Iterator[None]:
    """Say what is wrong and exit with its code."""
    try:
        yield
    except KeyboardInterrupt:
        click.secho("Stopped before anything was begun.", fg="red", bold=True, err=True)
        sys.exit(130)
    except Exception as error:
        if debug:
            raise
        said = str(error) if isinstance(error, BackfillError) else f"{sentence(error)}; --debug shows where."
        click.secho(printable(said), fg="red", bold=True, err=True)
        sys.exit(error.exit_code if isinstance(error, BackfillError) else 1)


if __name__ == "__main__":
    main()
