"""`python -m predictor model.onnx --expected FILE DIR`: what it says and does."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from evaluation import progress
from evaluation.errors import EvaluationError
from evaluation.expected import reader, summary
from evaluation.expected.reproduction import reproduce
from evaluation.summary import printable
from predictor import BadModel, Classifier


@dataclass(frozen=True)
class ExpectedOptions:
    """The options of the command line. expected: a file or folder of answers. pictures: the folder they are about."""

    expected: Path
    pictures: Path
    as_json: bool = False
    report: Path | None = None


def run(model: Path, wanted: ExpectedOptions) -> int:
    """Compare, and print what came of it; the exit code: 0 where all answers are reproduced, 2 without a model."""
    try:
        if wanted.report and not wanted.report.parent.is_dir():
            raise EvaluationError(f"{wanted.report.parent}: there is no such folder to write to.")
        classifier = Classifier.load(model)
        expected = reader.read(wanted.expected)
        found = reproduce(classifier, expected, wanted.pictures, progress.reporter(sys.stderr))
        if wanted.as_json:
            print(json.dumps(summary.document(classifier.info, found), ensure_ascii=True))
        else:
            print("\n".join(summary.lines(classifier.info, found)))
        if wanted.report:
            from evaluation.report import expected_page  # with Pillow and a template engine, which only a page needs

            expected_page.write(wanted.report, classifier.info, found)
    except (EvaluationError, BadModel) as error:
        print(printable(str(error)), file=sys.stderr)
        return 2 if isinstance(error, BadModel) else 1
    except OSError as error:
        print(f"{error.filename}: it cannot be written: {error.strerror}.", file=sys.stderr)
        return 1
    return int(not found.comparison.is_complete)
