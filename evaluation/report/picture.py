"""A picture as a page shows it: what the model saw of it, made small."""

from __future__ import annotations

from evaluation.reading import Unreadable, read
from pages import thumbnail
from pages.thumbnail import Thumbnail
from predictor import BadImage, Decoding, Limits
from predictor.image import decode


def shown(address: str, decoding: Decoding, longest: int) -> Thumbnail | None:
    """The picture, `longest` pixels a side; None where it cannot be read any more, as it was replaced meanwhile."""
    try:
        pixels = decode(read(address, Limits()), decoding, Limits())
        return thumbnail.of_file(thumbnail.encoded(pixels, longest))
    except (BadImage, Unreadable, MemoryError):
        return None
