"""`python -m predictor model.onnx --evaluate …`: all that the command does, with what it says where it cannot."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from evaluation import document, evaluate, model_copy, progress, summary, threshold
from evaluation.binomial import CONFIDENCE
from evaluation.errors import EvaluationError
from evaluation.measured import Evaluation
from evaluation.threshold import Answered
from predictor import BadModel, Classifier, Decision
from predictor.metadata import UNSURE


@dataclass(frozen=True)
class EvaluationOptions:
    """The options of an evaluation on the command line.

    error: the share of answered pictures that may be wrong; with it the copy of the model is written where `output`
    says, if it does.
    """

    pictures: Path
    use: str | None = None
    as_json: bool = False
    report: Path | None = None
    error: float | None = None
    output: Path | None = None


def run(model: Path, wanted: EvaluationOptions) -> int:
    """Evaluate, and print what came of it; the exit code: 1 where it cannot be measured, 2 where there is no model."""
    try:
        info = Classifier.load(model).info
        _check(model, wanted, info.labels)
        pictures, use = evaluate.chosen(evaluate.read(wanted.pictures), wanted.use)
        measured = evaluate.measure(model, info, pictures, progress.reporter(sys.stderr))
        failure, answered = _answered(measured, wanted.error)
        _print(measured, use, answered, as_json=wanted.as_json)
        if wanted.report:
            from evaluation.report import page  # with Pillow and a template engine, which only a page needs

            page.write(wanted.report, measured, use, answered)
        if failure:
            raise failure
        if answered and wanted.output and wanted.error:
            model_copy.write(model, wanted.output, _decision(answered, wanted.error))
            print(f"Written: {wanted.output}", file=sys.stderr)
    except (EvaluationError, BadModel) as error:
        print(summary.printable(str(error)), file=sys.stderr)
        return 2 if isinstance(error, BadModel) else 1
    except OSError as error:
        print(f"{error.filename}: it cannot be written: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


def _check(model: Path, wanted: EvaluationOptions, labels: tuple[str, ...]) -> None:
    """Refuse before anything is measured what would fail in the end."""
    for path in filter(None, (wanted.report, wanted.output)):
        if not path.parent.is_dir():
            raise EvaluationError(f"{path.parent}: there is no such folder to write to.")
    if wanted.output and wanted.output.exists() and wanted.output.samefile(model):
        raise EvaluationError(f"{wanted.output}: this is the model itself. Give the copy another name with -o.")
    if wanted.output and UNSURE in labels:
        raise EvaluationError(f"The model has a label {UNSURE!r}, which its answers could not be told from.")


def _answered(measured: Evaluation, error: float | None) -> tuple[EvaluationError | None, Answered | None]:
    """The score for sure answers, or the error that says why there is none: the rest is to be told even so."""
    if error is None:
        return None, None
    try:
        return None, threshold.find(*measured.halves(), error)
    except EvaluationError as failure:
        return failure, None


def _decision(answered: Answered, error: float) -> Decision:
    return Decision(answered.score, error, CONFIDENCE, answered.answered / answered.pictures, answered.pictures)


def _print(measured: Evaluation, use: str, answered: Answered | None, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(document.of(measured, use, answered), ensure_ascii=True))
        return
    for line in summary.lines(measured, use, answered):
        print(line)
