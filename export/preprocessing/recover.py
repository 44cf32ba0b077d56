"""How pictures became pixels in training: said by the user, by the model, or shown by what the model remembers.

Answers that somebody saw decide alone. Else, in this order: the command line; layers at the head of the graph; a TFLite
file's metadata; labelled pictures; the first batch normalisation. What none of them shows is not guessed.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace

from export.errors import ExportError, MissingPreprocessing
from export.findings import Findings, Table
from export.options import Options, PixelOptions
from export.preprocessing import labelled, samples
from export.preprocessing.candidates import Preparation, any_batch, usual_scales
from export.preprocessing.identification import identify
from export.preprocessing.input_normalization import InputNormalization
from export.preprocessing.pixel_model import PixelModel, Recovered
from export.preprocessing.preprocessing import Preprocessing, check
from export.preprocessing.scale import SCALES, USUAL_ORDER, Order, Scale
from export.progress import Report
from export.verify import pictures
from export.verify.pictures import UNREADABLE

SHOWN_ANSWERS = 4  # pictures in the table of what each scale would answer


def recover(model: PixelModel, options: Options, report: Report) -> Recovered:
    """The recipe of a model; MissingPreprocessing, with all that was found, when it stays unclear."""
    try:
        recovered = _recovered(model, options, report)
    except MissingPreprocessing as missing:
        raise MissingPreprocessing(str(missing), Findings(model.found()).and_(missing.findings)) from missing
    said = options.pixels.over(model.metadata).explicit()
    return replace(recovered, assumed=tuple(_assumed(recovered.preprocessing, {*said, *recovered.shown})))


def _assumed(preprocessing: Preprocessing, known: Container[str]) -> Iterator[str]:
    """The choices of a recipe that nobody made; `known` has the fields of PixelOptions that are said or shown."""
    choices = {
        "resize": f"resize {preprocessing.resize}" if preprocessing.resize else "",
        "fit": f"fit {preprocessing.fit}" if preprocessing.resize else "",
        "orientation": "EXIF orientation ignored" if preprocessing.orientation == "ignore" else "",
        "order": f"channels {preprocessing.order}" if preprocessing.order != "gray" else "",
    }
    yield from (words for field, words in choices.items() if words and field not in known)


def _recovered(model: PixelModel, options: Options, report: Report) -> Recovered:
    wanted = options.pixels.over(model.metadata)
    _check_order(model, options.typed.order)
    preprocessing = _without_scale(model, wanted)
    if options.expected:
        assert options.images  # Options sees to it
        return identify.decide(model, preprocessing, options.expected, options.images, options.pixels, report)
    if model.layout.dtype.is_integer:
        _check_unscaled(model, options.typed.scale)
        return Recovered(preprocessing, Findings())
    normalization = None if options.pixels.scale else model.normalization()
    if known := _known_scale(normalization, options.pixels.scale, wanted.scale):
        scale, why = known
        shown = ("order",) if scale.name in USUAL_ORDER else ()
        return Recovered(_scaled(preprocessing, scale, wanted.order), Findings(why), shown)
    if options.labelled:
        return labelled.decide(model, preprocessing, options.labelled, options.pixels, report)
    if options.samples:
        return samples.decide(model, preprocessing, options.samples, wanted.order, report)
    raise _missing(model, preprocessing, options, normalization)


def _known_scale(
    normalization: InputNormalization | None, said: Scale | None, metadata: Scale | None
) -> tuple[Scale, tuple[str, ...]] | None:
    """The scale that the user said, the model's head shows, or its metadata says, in this order, and why."""
    if said:
        return said, ()
    if normalization and (fed := normalization.wanted()):
        return fed, (f"the model scales by itself ({normalization}): it is fed {fed.name}",)
    return (metadata, (f"scale {metadata.name}: the file's metadata says so",)) if metadata else None


def _check_unscaled(model: PixelModel, scale: Scale | None) -> None:
    if scale not in (None, SCALES["0..255"]):
        raise ExportError(f"The model takes whole levels, {model.layout}, which cannot be scaled to {scale.name}.")


def _without_scale(model: PixelModel, wanted: PixelOptions) -> Preprocessing:
    """The recipe as far as scale and order are not in question."""
    layout = model.layout
    resize = wanted.resize
    if not resize and not (None in (layout.height, layout.width) and model.resizes_itself):
        resize = "tf-bilinear"
    height, width = _size(model, wanted) if resize else (0, 0)
    preprocessing = Preprocessing(
        layout,
        height,
        width,
        resize,
        wanted.fit or "stretch",
        wanted.orientation or "ignore",
        SCALES["0..255"],
        "gray" if layout.channels == 1 else wanted.order or "rgb",
        decoder=wanted.decoder,
        jpeg_transform=wanted.jpeg_transform,
        shorter=(wanted.shorter_side or min(height, width)) if wanted.fit == "shorter-side" else 0,
    )
    check(preprocessing)
    return preprocessing


def _check_order(model: PixelModel, order: Order | None) -> None:
    if model.layout.channels == 1 and order in ("rgb", "bgr"):
        raise ExportError(f"The model takes gray pictures, {model.layout}: --channels {order} does not fit.")
    if model.layout.channels == 3 and order == "gray":
        raise ExportError(f"The model takes colours, {model.layout}: --channels gray does not fit.")


def _size(model: PixelModel, wanted: PixelOptions) -> tuple[int, int]:
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


def _scaled(preprocessing: Preprocessing, scale: Scale, order: Order | None) -> Preprocessing:
    """With a scale, and the order that was said, else the one that usually goes with the scale."""
    if preprocessing.order == "gray":
        if scale.is_by_colour:
            raise ExportError(f"The scale {scale.name!r} is for colours, and the model takes gray pictures.")
        return replace(preprocessing, scale=scale)
    return replace(preprocessing, scale=scale, order=order or USUAL_ORDER.get(scale.name, "rgb"))


def _missing(
    model: PixelModel, preprocessing: Preprocessing, options: Options, normalization: InputNormalization | None
) -> MissingPreprocessing:
    """Why nothing can be exported, and what each scale would answer."""
    own = (
        f" It computes {normalization} on them, which does not tell."
        if normalization and not normalization.is_plain
        else ""
    )
    scales = "|".join(usual_scales(preprocessing, options.pixels.order))
    return MissingPreprocessing(
        f"The model takes pixels, {model.layout}, and does not say how they were scaled in training.{own} Say it with "
        f"--scale {scales} or --mean and --std, give pictures like the training's with --samples, or some in one "
        "folder a class with --labelled.",
        Findings(tables=(_answers(model, preprocessing, options),)),
    )


def _answers(model: PixelModel, preprocessing: Preprocessing, options: Options) -> Table:
    """The answers of the model for each scale, on a few pictures."""
    recipes = usual_scales(preprocessing, options.pixels.order)
    labels = model.labels(len(model.score(any_batch(preprocessing)))).names
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
