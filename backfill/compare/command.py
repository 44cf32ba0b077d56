"""`python -m backfill --compare …`: what changes if another model takes over, or which of two places says what."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backfill import option_values
from backfill.compare import run as running
from backfill.compare import summary
from backfill.compare.answers import Answers, EitherAnswers, ModelAnswers, StoredAnswers
from backfill.compare.comparison import Change
from backfill.compare.output import CompareOutput
from backfill.compare.pictures import Pictures
from backfill.errors import BackfillError, BadOption
from backfill.report.progress import told
from predictor import Classifier, Decoding, Limits
from storage.location import GS

COMPARE, MODEL = "--compare", "--model"


class TooManyFlips(BackfillError):
    """More pictures change their label than may."""

    def __init__(self, share: float, most: float) -> None:
        super().__init__(f"{share:.2%} of the pictures change their label; at most {most:g} % may (--max-flips).")
        self.share = share
        self.most = most


@dataclass(frozen=True)
class Sides:
    """What is compared. decoding, limits: with which a page shows the pictures."""

    pictures: Pictures
    before: Answers
    after: Answers
    decoding: Decoding
    limits: Limits

    @classmethod
    def of(
        cls,
        compared: str,
        *,
        pictures: str,
        results: str,
        model: str | None,
        exclude: tuple[str, ...],
        limit: int | None,
        timeout: float,
        max_bytes: int,
        max_pixels: int,
        min_score: float | None,
        **_: object,  # options about what is stored: nothing is
    ) -> Sides:
        """Those of the options; BadOption for what cannot be read."""

        def load(option: str, file: str) -> Classifier:
            return option_values.loaded(option, option_values.settings(option, file, max_bytes, max_pixels, timeout))

        pattern, place = option_values.pattern(pictures), option_values.place("--results", results)
        asked = Pictures(pattern, place, option_values.excluded(pattern, exclude), limit, timeout)
        new = load(COMPARE, compared) if _is_model(compared) else None
        old = load(MODEL, model) if model else None
        stored = StoredAnswers(place, asked.folder, timeout)
        return cls(
            asked,
            EitherAnswers(stored, ModelAnswers(old, min_score, timeout)) if old else stored,
            ModelAnswers(new, min_score, timeout)
            if new
            else StoredAnswers(option_values.place(COMPARE, compared), asked.folder, timeout),
            known.info.decoding if (known := new or old) else Decoding(),
            Limits(max_bytes, max_pixels),
        )


def run(sides: Sides, output: CompareOutput) -> None:
    """Compare and print. Raises BackfillError where nothing could be, and TooManyFlips after all has been told."""
    _check_folder("--report", output.report)
    _check_folder("--csv", output.csv)
    with _rows(output.csv) as write, told(sys.stderr) as report:
        found = running.compare(sides.pictures, sides.before, sides.after, write, report)
    if not found.pictures:
        raise BackfillError(_nothing(found.left_out.most_common(1)))
    print(json.dumps(summary.document(found)) if output.as_json else "\n".join(summary.lines(found)))
    if output.report:
        from backfill.compare import page  # with Pillow and Jinja

        page.write(output.report, found, sides.decoding, sides.limits)
    if output.max_flips is not None and found.share * 100 > output.max_flips:
        raise TooManyFlips(found.share, output.max_flips)


def _check_folder(option: str, path: Path | None) -> None:
    if path and not path.absolute().parent.is_dir():
        raise BadOption(option, f"{path.absolute().parent}: there is no such folder to write to.")


def _is_model(compared: str) -> bool:
    """Whether it is a model's file rather than a place with results."""
    return compared.endswith(".onnx") if compared.startswith(GS) else not os.path.isdir(compared)


def _nothing(reasons: list[tuple[str, int]]) -> str:
    if not reasons:
        return "There are no pictures to compare."
    reason, number = reasons[0]
    return f"No picture could be compared: {number:,} {reason}. With --model their answers can be asked for."


@contextmanager
def _rows(path: Path | None) -> Iterator[Callable[[Change], None]]:
    """Writes each change into a table, if one is wanted."""
    if not path:
        yield lambda change: None
        return
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(summary.CSV_HEADING)
        yield lambda change: writer.writerow(summary.row(change))
