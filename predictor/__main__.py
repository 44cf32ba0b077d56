"""`python -m predictor model.onnx IMAGE…`: classify local files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from predictor import BadImage, BadModel, Classifier, Decision, Prediction, __version__

Answer = list[Prediction] | str
"""The outcome of one file: its predictions, or why there are none."""

_PATH = click.Path(path_type=Path)
_SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
@click.argument("model", type=_PATH)
@click.argument("images", nargs=-1, type=_PATH)
@click.option("--top-k", type=click.IntRange(min=1), default=3, show_default=True, help="How many labels a picture.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one line a picture.")
@click.option("--evaluate", type=_PATH, help="Measure on pictures with labels: a folder a label, or an import file.")
@click.option("--ml-use", type=click.Choice(["training", "validation", "test", "all"]), help="Rows of the import file.")
@click.option("--expected", type=_PATH, metavar="ANSWERS", help="Compare with answers that you saw; IMAGES: a folder.")
@click.option("--report", type=_PATH, help="Write what was measured as a page.")
@click.option("--error", type=_SHARE, help="Find the score from which on no more of the answered are wrong.")
@click.option("-o", "--output", type=_PATH, help="Write a copy of MODEL that says so with its answers.")
def main(model: Path, images: tuple[Path, ...], top_k: int, as_json: bool, **measuring: Any) -> None:
    """Label IMAGES with MODEL, a model.onnx that `python -m export` wrote, or measure how good it is.

    The exit code is 1 when a picture could not be classified, or an expected answer is another; 2 when the model could
    not be loaded.
    """
    _check(images, **measuring)
    try:
        expected = measuring.pop("expected")
        if expected:
            sys.exit(_compare(model, expected, images[0], as_json, measuring["report"]))
        if measuring["evaluate"]:
            from evaluation import command  # is not there where only what is deployed is

            measuring["pictures"], measuring["use"] = measuring.pop("evaluate"), measuring.pop("ml_use")
            sys.exit(command.run(model, command.EvaluationOptions(as_json=as_json, **measuring)))
    except ImportError as error:
        click.echo(f"A library that is needed cannot be imported: {error}", err=True)
        sys.exit(2)
    _label(model, images, top_k, as_json)


def _compare(model: Path, expected: Path, pictures: Path, as_json: bool, report: Path | None) -> int:
    from evaluation.expected import command

    return command.run(model, command.ExpectedOptions(expected, pictures, as_json, report))


def _check(images: tuple[Path, ...], evaluate: Path | None, expected: Path | None, **measuring: Any) -> None:
    """UsageError for options that say nothing together."""
    if expected:
        if len(images) != 1 or evaluate or any(measuring[name] is not None for name in ("ml_use", "error", "output")):
            raise click.UsageError("--expected goes with one folder of pictures, --json and --report alone.")
        return
    if not images and not evaluate:
        raise click.UsageError("Missing argument 'IMAGES...', or --evaluate.")
    if images and evaluate:
        raise click.UsageError("Give either IMAGES or --evaluate.")
    given = [name for name, value in measuring.items() if value is not None]
    if given and not evaluate:
        raise click.UsageError(f"--{given[0].replace('_', '-')} needs --evaluate.")
    if measuring["output"] and not measuring["error"]:
        raise click.UsageError("--output needs --error.")


def _label(model: Path, images: tuple[Path, ...], top_k: int, as_json: bool) -> None:
    try:
        classifier = Classifier.load(model)
    except BadModel as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except ImportError as error:
        click.echo(f"A library that is needed cannot be imported: {error}", err=True)
        sys.exit(2)
    failed = False
    width = max(len(str(path)) for path in images)
    for path in images:
        answer = _classify(classifier, path, top_k)
        failed |= isinstance(answer, str)
        decision = classifier.info.decision
        click.echo(_as_json(path, answer, decision) if as_json else _as_row(path, answer, decision, width))
    sys.exit(int(failed))


def _classify(classifier: Classifier, path: Path, top_k: int) -> Answer:
    try:
        return classifier.classify(path.read_bytes(), top_k)
    except BadImage as error:
        return error.reason
    except MemoryError:
        return "There is not enough memory for this picture."
    except OSError as error:
        return f"The file cannot be read: {error.strerror}."


def _as_row(path: Path, answer: Answer, decision: Decision | None, width: int) -> str:
    if isinstance(answer, str):
        return f"{path!s:{width}}  {answer}"
    decided = f"{decision.of(answer[0].label, answer[0].score)}: " if decision else ""
    labels = "  ".join(f"{prediction.score:6.1%} {prediction.label}" for prediction in answer)
    return f"{path!s:{width}}  {decided}{labels}"


def _as_json(path: Path, answer: Answer, decision: Decision | None) -> str:
    if isinstance(answer, str):
        return json.dumps({"file": str(path), "error": answer}, ensure_ascii=False)
    predictions = [{"label": prediction.label, "score": prediction.score} for prediction in answer]
    decided = {"decision": decision.of(answer[0].label, answer[0].score)} if decision else {}
    return json.dumps({"file": str(path), "predictions": predictions} | decided, ensure_ascii=False)


if __name__ == "__main__":
    main()
