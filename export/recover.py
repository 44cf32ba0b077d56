"""How pictures became pixels in training: said by the user, by the model, or shown by what the model remembers.

In this order: the command line; layers at the head of the graph; a TFLite file's metadata; labelled pictures; the first
batch normalisation. What none of them shows is not guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from export import labelled, pictures
from export.candidates import Preparation, scales_and_orders, usual_scales
from export.errors import ExportError, MissingPreprocessing
from export.evidence import Evidence, Table
from export.head import Head
from export.labels import Labels
from export.options import Options, Pixels
from export.original import UNREADABLE
from export.pictures import Picture
from export.pixel_layout import Layout
from export.progress import Report
from export.recipe import Recipe
from export.scale import SCALES, USUAL_ORDER, Order, Scale

CLEARLY_BETTER = 2.0
"""How many times larger the second best scale's divergence is at least, so that the best is taken."""
CLEARLY_OTHER_ORDER = 1.5
"""The same for BGR against RGB: without that much evidence the order is RGB."""
LARGEST_DIVERGENCE = 1.0
"""Over this the pictures look like nothing that the network was trained on, however they are scaled."""
MOST_SAMPLES = 200
SHOWN_ANSWERS = 4  # pictures in the table of what each scale would answer


class PixelModel(Protocol):
    """A model that takes pixels, as far as its preprocessing is sought."""

    layout: Layout
    metadata: Pixels

    @property
    def resizes_itself(self) -> bool:
        """Whether it resizes pictures before its first layer."""

    def head(self) -> Head | None:
        """What it does to its pixels before the first layer; None where that is not known."""

    def divergences(self, batches: Iterable[Mapping[Any, npt.NDArray[Any]]]) -> dict[Any, float]:
        """The divergence at its first batch normalisation for each kind of batch; empty where it has none."""

    def score(self, batch: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """The score of each class for a batch."""

    def labels(self, classes: int) -> Labels:
        """The names of the classes."""


@dataclass(frozen=True)
class Recovered:
    """The recipe, and what speaks for it."""

    recipe: Recipe
    evidence: Evidence


def recover(model: PixelModel, options: Options, report: Report) -> Recovered:
    """The recipe of a model; MissingPreprocessing, with the evidence there is, when it stays unclear."""
    wanted = options.pixels.over(model.metadata)
    recipe, sentences = _without_scale(model, wanted)
    said = Evidence(sentences)
    if model.layout.dtype.is_integer:
        if options.pixels.scale not in (None, SCALES["0..255"]):
            raise ExportError(
                f"The model takes whole levels, {model.layout}, which cannot be scaled to {options.pixels.scale.name}."
            )
        return Recovered(recipe, said)
    if options.pixels.scale:
        return Recovered(_scaled(recipe, options.pixels.scale, wanted.order), said)
    head = model.head()
    if head and (scale := head.wanted()):
        sentence = f"the model scales by itself ({head}): it is fed {scale.name}"
        return Recovered(_scaled(recipe, scale, wanted.order), Evidence((*sentences, sentence)))
    if wanted.scale:
        sentence = f"scale {wanted.scale.name}: the file's metadata says so"
        return Recovered(_scaled(recipe, wanted.scale, wanted.order), Evidence((*sentences, sentence)))
    if options.labelled:
        return _by_labelled(model, recipe, options, said, report)
    if options.samples:
        return _by_batch_norm(model, recipe, options, said, report)
    raise _missing(model, recipe, options, head)


def _without_scale(model: PixelModel, wanted: Pixels) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe as far as scale and order are not in question, and what was assumed for it."""
    layout, sentences = model.layout, []
    if layout.channels == 1 and wanted.order in ("rgb", "bgr"):
        raise ExportError(f"The model takes gray pictures, {layout}: --channels {wanted.order} does not fit.")
    if layout.channels == 3 and wanted.order == "gray":
        raise ExportError(f"The model takes colours, {layout}: --channels gray does not fit.")
    resize = wanted.resize
    if not resize and not (model.resizes_itself and None in (layout.height, layout.width)):
        resize = "tf-bilinear"
        sentences.append("resize tf-bilinear: assumed, say --resize if training used another")
    height, width = _size(model, wanted) if resize else (0, 0)
    recipe = Recipe(
        layout,
        height,
        width,
        resize,
        wanted.fit or "stretch",
        wanted.orientation or "ignore",
        SCALES["0..255"],
        "gray" if layout.channels == 1 else wanted.order or "rgb",
    )
    return recipe, tuple(sentences)


def _size(model: PixelModel, wanted: Pixels) -> tuple[int, int]:
    layout = model.layout
    fixed = (layout.height, layout.width)
    if wanted.size and any(size not in (None, said) for size, said in zip(fixed, wanted.size)):
        raise ExportError(f"The model takes {layout}: --size {wanted.size[0]} {wanted.size[1]} does not fit.")
    if wanted.size:
        return wanted.size
    if layout.height is None or layout.width is None:
        raise MissingPreprocessing(
            f"The model takes pixels of any size, {layout}, and does not say to which size pictures were resized in "
            "training. Say it with --size HEIGHT WIDTH."
        )
    return layout.height, layout.width


def _scaled(recipe: Recipe, scale: Scale, order: Order | None) -> Recipe:
    """With a scale, and the order that was said, else the one that usually goes with the scale."""
    if recipe.order == "gray":
        if scale.is_by_colour:
            raise ExportError(f"The scale {scale.name!r} is for colours, and the model takes gray pictures.")
        return replace(recipe, scale=scale)
    return replace(recipe, scale=scale, order=order or USUAL_ORDER.get(scale.name, "rgb"))


def _by_labelled(model: PixelModel, recipe: Recipe, options: Options, said: Evidence, report: Report) -> Recovered:
    """The scale, and the resize unless it was said, that answer best on labelled pictures."""
    assert options.labelled
    classes = len(model.score(_any_batch(recipe)))
    labels = model.labels(classes)
    known = labelled.read(options.labelled, labels.names if labels.source else None, classes)
    results = labelled.rank(recipe, known, model.score, report)
    if options.pixels.resize:
        results = [result for result in results if result.recipe.resize == options.pixels.resize]
    tables = (*said.tables, labelled.table(results))
    best = results[0]
    second = next(result for result in results if result.recipe.scale != best.recipe.scale)
    if not best.is_clearly_ahead_of(second):
        raise MissingPreprocessing(
            f"On the labelled pictures the scale {best.recipe.scale.name} ({best.accuracy:.1%}) is not clearly better "
            f"than {second.recipe.scale.name} ({second.accuracy:.1%}). Give more pictures, or say --scale.",
            Evidence(tables=tables),
        )
    default = next(r for r in results if r.recipe.scale == best.recipe.scale and r.recipe.resize == recipe.resize)
    chosen = best if best.is_clearly_ahead_of(default) else default
    sentences = [f"scale {best.recipe.scale.name}: {best.accuracy:.1%} right on labelled pictures, "
                 f"{second.recipe.scale.name} {second.accuracy:.1%}"]  # fmt: skip
    if chosen is best and best is not default:
        sentences.append(f"resize {best.recipe.resize}: clearly more often right than {recipe.resize}")
        return Recovered(chosen.recipe, Evidence(tuple(sentences), tables))
    return Recovered(chosen.recipe, Evidence((*said.sentences, *sentences), tables))


def _by_batch_norm(model: PixelModel, recipe: Recipe, options: Options, said: Evidence, report: Report) -> Recovered:
    """The scale, and if it is clear the order, for which sample pictures look as the training's did."""
    assert options.samples
    recipes = scales_and_orders(recipe)
    samples = pictures.from_folder(options.samples)[:MOST_SAMPLES]
    divergences = model.divergences(_batches(Preparation(recipes), samples, report))
    if not divergences:
        raise MissingPreprocessing(
            "The model remembers nothing of its training's pixels: no batch normalisation is left in its graph. Say "
            "the scale with --scale, or give pictures of known classes with --labelled."
        )
    ranking = sorted(divergences, key=lambda key: divergences[key])
    evidence = Evidence(said.sentences, (*said.tables, _divergence_table(ranking, divergences, len(samples))))
    best, second = ranking[0], next(key for key in ranking if key[0] != ranking[0][0])
    ahead = divergences[second] / divergences[best]
    if ahead < CLEARLY_BETTER or divergences[best] > LARGEST_DIVERGENCE:
        raise MissingPreprocessing(
            f"The samples do not decide how pixels were scaled: {best[0]} has the divergence {divergences[best]:.3g}, "
            f"{second[0]} {divergences[second]:.3g}. Give samples more like the training's, or say --scale.",
            evidence,
        )
    order, about_order = _order(best[0], divergences, options.pixels.order)
    sentence = f"scale {best[0]}: {ahead:.1f} times less divergence than {second[0]} at the first batch normalisation"
    sentences = (sentence, *([about_order] if about_order else []))
    return Recovered(recipes[best[0], order], evidence.and_(Evidence(sentences)))


def _order(scale: str, divergences: Mapping[tuple[str, Order], float], wanted: Order | None) -> tuple[Order, str]:
    """The order of the channels, and why; RGB unless BGR is clearly better."""
    if wanted or (scale, "rgb") not in divergences:
        return wanted or "gray", ""
    ahead = divergences[scale, "rgb"] / divergences[scale, "bgr"]
    if ahead >= CLEARLY_OTHER_ORDER:
        return "bgr", f"channels bgr: {ahead:.1f} times less divergence than rgb"
    if ahead <= 1 / CLEARLY_OTHER_ORDER:
        return "rgb", f"channels rgb: {1 / ahead:.1f} times less divergence than bgr"
    return "rgb", f"channels rgb: assumed, the samples do not tell (bgr has {1 / ahead:.2f} times the divergence)"


def _batches(prepare: Preparation, samples: list[Picture], report: Report) -> Iterator[dict[Any, npt.NDArray[Any]]]:
    read = 0
    for done, picture in enumerate(samples):
        report("Looking at samples", done, len(samples))
        try:
            yield prepare(picture.read())
            read += 1
        except UNREADABLE:
            continue
    report("Looking at samples", len(samples), len(samples))
    if not read:
        raise ExportError("None of the samples can be read.")


def _divergence_table(
    ranking: list[tuple[str, Order]], divergences: Mapping[tuple[str, Order], float], count: int
) -> Table:
    rows = tuple((scale, order, f"{divergences[scale, order]:.3g}") for scale, order in ranking)
    return Table(
        f"Divergence at the first batch normalisation, {count} samples", ("scale", "channels", "divergence"), rows
    )


def _missing(model: PixelModel, recipe: Recipe, options: Options, head: Head | None) -> MissingPreprocessing:
    """Why nothing can be exported, and what each scale would answer."""
    own = f" It computes {head} on them, which does not tell." if head and not head.is_plain else ""
    return MissingPreprocessing(
        f"The model takes pixels, {model.layout}, and does not say how they were scaled in training.{own} Say it with "
        f"--scale {'|'.join(SCALES)} or --mean and --std, give pictures like the training's with --samples, or some "
        "in one folder a class with --labelled.",
        Evidence(tables=(_answers(model, recipe, options),)),
    )


def _answers(model: PixelModel, recipe: Recipe, options: Options) -> Table:
    """What the model would answer, for each scale, on a few pictures."""
    recipes = usual_scales(recipe)
    labels = model.labels(len(model.score(_any_batch(recipe)))).names
    prepare = Preparation(recipes)
    columns: list[str] = []
    cells: dict[str, list[str]] = {name: [name] for name in recipes}
    for picture in pictures.from_folder(options.images) if options.images else pictures.made():
        if len(columns) == SHOWN_ANSWERS:
            break
        try:
            batches = prepare(picture.read())
        except UNREADABLE:
            continue
        columns.append(picture.name)
        for name, batch in batches.items():
            scores = model.score(batch)
            cells[name].append(f"{labels[int(scores.argmax())]} {scores.max():.0%}")
    return Table("What the model would answer", ("scale", *columns), tuple(tuple(row) for row in cells.values()))


def _any_batch(recipe: Recipe) -> npt.NDArray[Any]:
    """A batch of some picture."""
    return Preparation({"": recipe})(pictures.made()[0].read())[""]
