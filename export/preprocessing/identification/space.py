"""All recipes in question: each value of each field with each of the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from export.errors import ExportError
from export.options import CANVAS_RESIZES, USUAL_RESIZES, PixelOptions
from export.preprocessing.preprocessing import Preprocessing, check
from export.preprocessing.scale import SCALES
from predictor.metadata import Decoder, Fit, JpegTransform, Orientation

Value = Any
"""Of a field: hashable, and equal to itself alone."""

FIELDS = ("resize", "fit", "scale", "order", "orientation", "decoder")
NEEDED = FIELDS[:4]
"""Without these no file is written; the others have a default."""

Decoding = tuple[Decoder, JpegTransform]
Fitting = tuple[Fit, int]
"""A fit, and how long `shorter-side` makes that side."""

_DECODERS: tuple[Decoding, ...] = (
    ("tensorflow", "fast"),
    ("tensorflow", "accurate"),
    ("pillow", "accurate"),
    ("opencv", "accurate"),
)
_CANVAS: Decoding = ("chromium", "accurate")
_FITS: tuple[Fit, ...] = ("stretch", "crop", "pad", "crop-to-aspect-ratio", "pad-to-aspect-ratio")
_LARGER = 8 / 7  # torchvision's 256 for 224


@dataclass(frozen=True)
class Space:
    """The values of each field; `base` has what is not in question: layout and size."""

    base: Preprocessing
    values: Mapping[str, tuple[Value, ...]]

    @classmethod
    def around(cls, base: Preprocessing, said: PixelOptions) -> Space:
        """All that we have; what was said is among it, so that answers can agree with it or contradict it."""
        values: dict[str, tuple[Value, ...]] = {
            "resize": USUAL_RESIZES + CANVAS_RESIZES if base.resize else (None,),
            "fit": _fits(base) if base.resize else (("stretch", 0),),
            "scale": tuple(SCALES.values()) if not base.layout.dtype.is_integer else (SCALES["0..255"],),
            "order": ("gray",) if base.order == "gray" else ("rgb", "bgr"),
            "orientation": ("ignore", "apply"),
            "decoder": (*_DECODERS, _CANVAS),
        }
        for field, value in said_values(base, said).items():
            values[field] = tuple(dict.fromkeys((*values[field], value)))
        return cls(base, values)

    def without(self, field: str, value: Value) -> Space:
        """The space without one value."""
        return replace(self, values={**self.values, field: tuple(one for one in self.values[field] if one != value)})

    def recipes(self) -> list[Preprocessing]:
        """Every recipe of which the parts go together; neighbours differ in their last fields."""
        return list(self._possible())

    def _possible(self) -> Iterator[Preprocessing]:
        axes = ("decoder", "orientation", "resize", "fit")
        scalings = [
            (scale, order)
            for scale, order in product(self.values["scale"], self.values["order"])
            if not (order == "gray" and scale.is_by_colour)
        ]
        for decoder, orientation, resize, fit in product(*(self.values[axis] for axis in axes)):
            if fit[0] == "crop-to-aspect-ratio" and not (resize or "").startswith("pillow"):
                continue  # crop, by another name
            levels = _levels(self.base, decoder, orientation, resize, fit)
            if levels is not None:
                yield from (replace(levels, scale=scale, order=order) for scale, order in scalings)


def _levels(
    base: Preprocessing, decoder: Decoding, orientation: Orientation, resize: str | None, fit: Fitting
) -> Preprocessing | None:
    """The recipe up to the resized picture; None for parts that do not go together."""
    levels = replace(
        base,
        decoder=decoder[0],
        jpeg_transform=decoder[1],
        orientation=orientation,
        resize=resize,
        fit=fit[0],
        shorter=fit[1],
    )
    try:
        check(levels)
        _ = levels.decoding, levels.resizing
    except (ExportError, ValueError):
        return None
    return levels


def value(recipe: Preprocessing, field: str) -> Value:
    """The value of a field of a recipe."""
    if field == "decoder":
        if recipe.decoder and recipe.jpeg_transform:
            return recipe.decoder, recipe.jpeg_transform
        return recipe.decoding.decoder, recipe.decoding.jpeg_transform
    return (recipe.fit, recipe.shorter) if field == "fit" else getattr(recipe, field)


def said_values(base: Preprocessing, said: PixelOptions) -> dict[str, Value]:
    """What was said, by field; `base` is as it was said."""
    fields = [field for field in FIELDS if getattr(said, field) is not None]
    if said.jpeg_transform and "decoder" not in fields:
        fields.append("decoder")
    scale = base.scale if base.layout.dtype.is_integer else said.scale  # levels are never scaled
    return {field: scale if field == "scale" else value(base, field) for field in fields}


def in_words(field: str, one: Value) -> str:
    """A field and its value, as the options name them."""
    if field == "decoder":
        return f"decoder {one[0]}" + (" with the accurate transform" if one == _DECODERS[1] else "")
    if field == "fit":
        return f"fit {one[0]}" + (f" of {one[1]}" if one[1] else "")
    if field == "scale":
        return f"scale {one.name}"
    return f"{'channels' if field == 'order' else field} {one}"


def _fits(base: Preprocessing) -> tuple[Fitting, ...]:
    shorter = min(base.height, base.width)
    return (*((fit, 0) for fit in _FITS), ("shorter-side", shorter), ("shorter-side", int(shorter * _LARGER)))
