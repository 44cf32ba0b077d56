"""Sizes of pictures that a model cannot take, measured: a crop may leave nothing of a very small one."""

from __future__ import annotations

from dataclasses import dataclass

from export.errors import first_line
from export.exported import Exported
from export.importers.reference_model import ReferenceModel
from export.verify import pictures
from export.verify.pictures import UNREADABLE, Picture
from predictor import BadImage
from predictor.metadata import Size

TRIED: tuple[Size, ...] = (
    *((1, 1), (2, 1), (1, 2), (2, 2), (3, 3), (4, 4), (6, 6), (8, 8), (16, 16)),
    *((1, 240), (320, 1)),
)
"""Widths and heights in pixels: the smallest pictures that there are, and the narrowest."""


@dataclass(frozen=True)
class Sizes:
    """The sizes that were tried, and the impossible ones, each as (width, height); the reason is the model's own."""

    impossible: tuple[Size, ...]
    reason: str = ""

    def in_words(self) -> str:
        """A sentence for a person; empty where every size is possible."""
        if not self.impossible:
            return ""
        written = ", ".join(f"{width} x {height}" for width, height in self.impossible)
        return (
            f"of {len(TRIED)} sizes tried, of 1 x 1 pixels and more, the model cannot take pictures of {written} "
            f"({self.reason})."
        )


def measure(reference_model: ReferenceModel, exported: Exported) -> Sizes:
    """Which of the sizes in TRIED the original cannot take, or the exported model."""
    kind = next(
        (kind for kind in pictures.KINDS if _reason(reference_model, pictures.plain(pictures.USUAL, kind))[0]), None
    )
    if kind is None:  # what it reads is none of what can be made here, so that no size can be blamed
        return Sizes(())
    impossible, reasons = [], []
    for size in TRIED:
        picture = pictures.plain(size, kind)
        answers, reason = _reason(reference_model, picture)
        if answers:
            answers, reason = _of_exported(exported, picture)
        if not answers:
            impossible.append(size)
            reasons.append(reason)
    return Sizes(tuple(impossible), next(iter(reasons), ""))


def _reason(reference_model: ReferenceModel, picture: Picture) -> tuple[bool, str]:
    """Whether the original answers, and why not."""
    try:
        reference_model.values(picture.read())
    except UNREADABLE as error:
        return False, first_line(error)
    return True, ""


def _of_exported(exported: Exported, picture: Picture) -> tuple[bool, str]:
    try:
        exported.scores(exported.decode(picture.read()))
    except BadImage as error:
        return False, error.reason
    return True, ""
