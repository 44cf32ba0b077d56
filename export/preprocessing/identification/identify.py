"""The recipe of a model by answers that somebody saw for pictures: `--expected FILE --images DIR`."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from evaluation.expected.comparison import Meaning, compare
from export.errors import ExportError, MissingPreprocessing, WrongLabels
from export.findings import Findings
from export.options import PixelOptions
from export.preprocessing.candidates import any_batch
from export.preprocessing.identification import answers
from export.preprocessing.identification.answers import Answers
from export.preprocessing.identification.elimination import Search, Searched
from export.preprocessing.identification.rule import (
    LEAST_DECIMALS_FOR_RESIZE,
    LEAST_PICTURES,
    LEAST_VARIATION,
    Field,
    judge,
)
from export.preprocessing.identification.scoring import PictureScores, Steps
from export.preprocessing.identification.space import FIELDS, NEEDED, Space, Value, in_words, said_values, value
from export.preprocessing.pixel_model import PixelModel, Recovered
from export.preprocessing.preprocessing import Preprocessing
from export.progress import Report

MOST_NAMED = 4  # values of a field that stays open
_DECIDING = {
    "resize": "a picture with fine detail, much larger than what the model takes",
    "fit": "a picture that is much wider or higher than the others",
    "scale": "a picture with another answer",
    "order": "a picture with strong colours",
    "orientation": "only a picture that is turned by its EXIF shows it",
    "decoder": "only JPEGs with fine detail show it",
}
"""The picture that would show a field."""


def decide(
    model: PixelModel, base: Preprocessing, file: Path, folder: Path, said: PixelOptions, report: Report
) -> Recovered:
    """The recipe that gives the answers. base: the size, and what was said.

    Raises MissingPreprocessing where no recipe gives them or they do not show which, and ExportError where they
    contradict what was said.
    """
    found = answers.find(file, folder, base.width / max(base.height, 1), model.step)
    labels = model.labels(len(model.score(any_batch(base)))).names
    recipes = Space.around(base, said).recipes()
    searched = Search(recipes, model.score, labels).through(found, report)
    if not searched.fitting():
        _check_order(recipes, model, labels, found, report)
    fixed = said_values(base, said)
    agreeing = _agreeing(searched.recipes, fixed)
    fitting = _fitting(searched, fixed, set(agreeing))
    meaning = searched.meaning(searched.nearest(fitting))
    decimals = meaning.decimals(found.decimals)
    fields = judge(searched, fitting, agreeing, decimals)
    findings = Findings((*_about_answers(searched, fitting, meaning, decimals), *_about_fields(fields, fixed)))
    still_open = [fields[name] for name in NEEDED if not fields[name].is_shown and name not in fixed]
    if still_open:
        raise MissingPreprocessing(_undecided(still_open, searched, decimals), findings)
    shown = tuple(name for name, field in fields.items() if field.is_shown)
    return Recovered(_usual(base, [searched.recipes[index] for index in fitting]), findings, shown)


def _check_order(
    recipes: Sequence[Preprocessing], model: PixelModel, labels: Sequence[str], found: Answers, report: Report
) -> None:
    """ExportError where the scores are right, and of other labels."""
    if any(len(one.answer.scores) != len(labels) for one in found.seen):
        return
    searched = Search(recipes, model.score, labels, in_any_order=True).through(found, report)
    if not (fitting := searched.fitting()):
        return
    recipe = searched.recipes[searched.nearest(fitting)]
    steps = Steps([recipe])
    ours = [PictureScores(one.picture.read(), steps, model.score)(recipe) for one in found.seen]
    order = compare([(one.answer, one.picture.name, scores) for one, scores in zip(found.seen, ours)], labels).order
    if order:
        pairs = ", ".join(f"{label!r} has the scores of {other!r}" for label, other in list(order.items())[:MOST_NAMED])
        raise WrongLabels(
            f"The answers are those of the model with its labels in another order: {pairs}. Give the labels in the "
            "order of the scores with --labels."
        )


def _agreeing(recipes: Sequence[Preprocessing], said: Mapping[str, Value]) -> list[int]:
    """The recipes that are as it was said."""
    return [index for index, recipe in enumerate(recipes) if all(value(recipe, name) == said[name] for name in said)]


def _fitting(searched: Searched, said: Mapping[str, Value], agreeing: Container[int]) -> list[int]:
    """The recipes that give the answers and are as it was said."""
    fitting = searched.fitting()
    if not fitting:
        raise MissingPreprocessing(_none(searched))
    if both := [index for index in fitting if index in agreeing]:
        return both
    best = searched.recipes[searched.nearest(fitting)]
    others = [name for name, one in said.items() if value(best, name) != one]
    told = ", ".join(in_words(name, said[name]) for name in others)
    shown = ", ".join(in_words(name, value(best, name)) for name in others)
    raise ExportError(
        f"The options and the answers contradict each other: {told} was said, and the answers are those of {shown}. "
        "Leave out the one or the other."
    )


def _none(searched: Searched) -> str:
    """That no recipe gives the answers, and how near one comes."""
    if not np.isfinite(searched.distances).any():
        return (
            "The answers list labels that the model does not have: give its labels, in the order of the scores, with "
            "--labels, or leave out --expected."
        )
    nearest = searched.nearest(range(len(searched.recipes)))
    recipe = searched.recipes[nearest]
    where = ""
    if searched.failed_at and searched.pictures > 1:
        where = f" Until {searched.failed_at} some were near: see whether it is the same picture, or leave it out."
    return (
        f"None of {len(searched.recipes):,} recipes gives these answers, and nothing is assumed. The nearest "
        f"({', '.join(in_words(name, value(recipe, name)) for name in FIELDS)}) differs by "
        f"{searched.difference(nearest):.2g} or more.{where} The model may be another one, or was fed in a way that is "
        "not known here."
    )


def _about_answers(searched: Searched, fitting: Sequence[int], meaning: Meaning, decimals: int) -> Iterator[str]:
    """How many recipes give them, and what the numbers turned out to be."""
    yield (
        f"{len(fitting):,} of {len(searched.recipes):,} recipes give the answers for {searched.pictures} pictures, to "
        f"{decimals} decimals"
    )
    if meaning.sentence:
        yield f"the answers: {meaning.sentence[0].lower()}{meaning.sentence[1:].rstrip('.')}"


def _about_fields(fields: Mapping[str, Field], said: Mapping[str, Value]) -> Iterator[str]:
    """A sentence for each: shown, said, assumed or open."""
    for name, field in fields.items():
        words = in_words(name, field.values[0])
        if name in said:
            yield f"{words}: said, and the answers agree"
        elif field.is_shown:
            nearest = f"; the nearest other is {field.away:.2g} away" if np.isfinite(field.away) else ""
            yield f"{words}: the answers show it{nearest}"
        elif name not in NEEDED:
            yield f"{name}: assumed, the answers do not tell; {_DECIDING[name]}"


def _undecided(still_open: Sequence[Field], searched: Searched, decimals: int) -> str:
    """What stays open, and what would decide it."""
    parts = [_values(field) for field in still_open]
    needed = dict.fromkeys(_deciding(field) for field in still_open)
    return (
        f"The answers leave open how pictures became pixels: {'; '.join(parts)}. {_why(searched, decimals)}This would "
        f"decide: {'; '.join(needed)}. Or say what you know, as --resize, --fit, --scale or --channels."
    )


def _values(field: Field) -> str:
    """What fits; of a single value also what is too near to it."""
    named = ", ".join(in_words(field.name, one) for one in field.values[:MOST_NAMED])
    if len(field.values) > MOST_NAMED:
        return f"{named} and {len(field.values) - MOST_NAMED} more"
    if len(field.values) == 1 and field.other is not None:
        return f"{named} ({in_words(field.name, field.other)} is {field.away:.2g} away)"
    return named


def _deciding(field: Field) -> str:
    if field.name == "fit" and all("crop" in fit or fit == "shorter-side" for fit, _ in field.values):
        return "a picture whose sides differ by an odd number of pixels, which the ways to crop round differently"
    return _DECIDING[field.name]


def _why(searched: Searched, decimals: int) -> str:
    if searched.pictures < LEAST_PICTURES:
        return f"At least {LEAST_PICTURES} pictures are needed. "
    if searched.variation <= LEAST_VARIATION:
        return "The scores hardly vary between these pictures. "
    if decimals < LEAST_DECIMALS_FOR_RESIZE:
        return f"{decimals} decimals do not tell resizes apart. "
    return ""


def _usual(base: Preprocessing, fitting: Sequence[Preprocessing]) -> Preprocessing:
    """Of the recipes that differ in what these pictures cannot show, the one with the defaults."""
    usual = replace(base, resize=fitting[0].resize, decoder=None, jpeg_transform=None)
    decoder = value(usual, "decoder")

    def distance(recipe: Preprocessing) -> tuple[bool, bool]:
        return value(recipe, "decoder") != decoder, recipe.orientation != base.orientation

    best = min(fitting, key=distance)
    if value(best, "decoder") == decoder:
        return replace(best, decoder=base.decoder, jpeg_transform=base.jpeg_transform)
    return best
