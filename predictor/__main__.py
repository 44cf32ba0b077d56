"""`python -m predictor model.onnx IMAGE…`: classify local files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from predictor import BadImage, BadModel, Classifier, Decision, Prediction

Answer = list[Prediction] | str
"""What came of one file: its predictions, or why there are none."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--top-k", type=click.IntRange(min=1), default=3, show_default=True, help="How many labels a picture.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one line a picture.")
def main(model: Path, images: tuple[Path, ...], top_k: int, as_json: bool) -> None:
    """Label IMAGES with MODEL, a model.onnx that `python -m export` wrote.

    The exit code is 1 when a picture could not be classified, 2 when the model could not be loaded.
    """
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
